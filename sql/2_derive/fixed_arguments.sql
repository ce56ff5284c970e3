-- One row per function, function called inside it, and stage: the arguments that the latter is always
-- given with the same value there. Stage NULL: in all stages together.
CREATE OR REPLACE TABLE fixed_arguments AS
WITH RECURSIVE
ancestor AS (
    SELECT
        call_id AS child_id,
        function AS child,
        parent_id AS call_id
    FROM calls
    WHERE parent_id IS NOT NULL AND outcome = 'ok'
    UNION ALL
    SELECT
        ancestor.child_id,
        ancestor.child,
        call.parent_id AS call_id
    FROM ancestor
    INNER JOIN calls AS call USING (call_id)
    WHERE call.parent_id IS NOT NULL
),

-- How many calls of a child were given the same arguments.
given AS (
    SELECT
        inside.function,
        inside.child,
        inside.stage,
        passed.input_id,
        count(DISTINCT inside.child_id) AS calls
    FROM (
        SELECT
            call.function,
            ancestor.child,
            ancestor.child_id,
            unnest([NULL, call.stage]) AS stage
        FROM ancestor
        INNER JOIN calls AS call USING (call_id)
    ) AS inside
    INNER JOIN call_payloads AS passed ON inside.child_id = passed.call_id
    GROUP BY inside.function, inside.child, inside.stage, passed.input_id
),

pair AS (
    SELECT
        function,
        child,
        stage,
        sum(calls) AS calls
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
        sum(given.calls) AS calls
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
        AND pair.calls = fixed.calls
GROUP BY pair.function, pair.child, pair.stage;

COMMENT ON TABLE fixed_arguments IS
'One row per function, function called inside it and stage, if some of its arguments never vary there';
COMMENT ON COLUMN fixed_arguments.stage IS 'stage of the outer call; NULL for all stages together';
COMMENT ON COLUMN fixed_arguments.child IS 'function called inside, at any depth';
COMMENT ON COLUMN fixed_arguments.arguments IS 'JSON: {name: {type: value}}';
