-- One row per function, function called inside it, and stage: the arguments that the latter is always
-- given with the same value there. Stage NULL: in all stages together.
-- Reads: contained_inputs, payload_arguments.  Writes: fixed_arguments.
CREATE OR REPLACE TABLE fixed_arguments AS
WITH
given AS (
    SELECT DISTINCT
        function,
        child,
        unnest([NULL, stage]) AS stage,
        input_id
    FROM (
        SELECT DISTINCT
            function,
            child,
            stage,
            input_id
        FROM contained_inputs
    )
),

pair AS (
    SELECT
        function,
        child,
        stage,
        count(*) AS inputs
    FROM given
    GROUP BY function, child, stage
),

fixed AS (
    SELECT
        given.function,
        given.child,
        given.stage,
        argument.name,
        min(argument.value) AS value,
        count(*) AS inputs
    FROM given
    INNER JOIN payload_arguments AS argument ON given.input_id = argument.payload_id
    WHERE argument.is_in_force AND argument.name IS NOT NULL
    GROUP BY given.function, given.child, given.stage, argument.name
    HAVING min(argument.value) = max(argument.value)
)

SELECT
    pair.function,
    pair.child,
    pair.stage,
    to_json(map(
        list(fixed.name ORDER BY fixed.name), list(CAST(fixed.value AS JSON) ORDER BY fixed.name)
    )) AS arguments
FROM pair
INNER JOIN fixed
    ON
        pair.function = fixed.function
        AND pair.child = fixed.child
        AND pair.stage IS NOT DISTINCT FROM fixed.stage
        AND pair.inputs = fixed.inputs
GROUP BY pair.function, pair.child, pair.stage;

COMMENT ON TABLE fixed_arguments IS
'One row per function, function called inside it and stage, if some of its arguments never vary there';
COMMENT ON COLUMN fixed_arguments.stage IS 'stage of the outer call; NULL for all stages together';
COMMENT ON COLUMN fixed_arguments.child IS 'function called inside, at any depth';
COMMENT ON COLUMN fixed_arguments.arguments IS 'JSON: {name: {type: value}}';
