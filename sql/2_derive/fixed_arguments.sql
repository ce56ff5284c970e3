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

caller AS (
    SELECT DISTINCT
        call.function,
        ancestor.child,
        ancestor.child_id,
        unnest([NULL, call.stage]) AS stage
    FROM ancestor
    INNER JOIN calls AS call USING (call_id)
),

pair AS (
    SELECT
        function,
        child,
        stage,
        count(*) AS calls
    FROM caller
    GROUP BY function, child, stage
),

fixed AS (
    SELECT
        caller.function,
        caller.child,
        caller.stage,
        argument.name,
        min(argument.value) AS value,
        count(*) AS calls
    FROM caller
    INNER JOIN call_arguments AS argument
        ON caller.child_id = argument.call_id AND argument.name IS NOT NULL
    GROUP BY caller.function, caller.child, caller.stage, argument.name
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
