-- One row per hypothesis "every call of A contains a call of B", or "... a change of T.X".
-- B's arguments are part of it where they never vary: in all stages, or in one of them. What differs
-- from stage to stage (training of dropout) makes a hypothesis for each; a number that does not, or what
-- an optimizer passes on, is how the program is configured. What a container of modules calls are the
-- modules it was made with.
-- Reads: candidate_calls, candidate_arguments, candidate_changes, candidate_changing, candidate_judged.
-- Writes: hypotheses.  Settings: merge_scale, merge_ratio, all_hypotheses.
CREATE OR REPLACE TEMP TABLE _contained AS
WITH
called AS (
    SELECT
        function,
        child,
        stage,
        count(*) AS times
    FROM candidate_calls
    WHERE getvariable('all_hypotheses') OR NOT starts_with(function, 'torch.nn.modules.container.')
    GROUP BY function, child, stage
),

-- Fixed is what is fixed, at one value, wherever B is called in A.
constant AS (
    SELECT
        function,
        child,
        stage,
        name,
        min(value) AS value,
        count(*) AS times
    FROM candidate_arguments
    GROUP BY function, child, stage, name
    HAVING min(value) = max(value)
),

fixed_everywhere AS (
    SELECT
        called.function,
        called.child,
        constant.name
    FROM called
    INNER JOIN constant
        ON
            called.function = constant.function
            AND called.child = constant.child
            AND called.times = constant.times
    WHERE called.stage IS NULL AND constant.stage IS NULL
),

argument AS (
    SELECT *
    FROM constant
    WHERE
        getvariable('all_hypotheses')
        OR (function, child, name) NOT IN (FROM fixed_everywhere)
        OR NOT (is_numeric(value) OR starts_with(function, 'torch.optim.'))
),

fixed AS (
    SELECT
        called.function,
        called.child,
        called.stage,
        to_json(map(
            list(argument.name ORDER BY argument.name),
            list(CAST(argument.value AS JSON) ORDER BY argument.name)
        )) AS arguments
    FROM called
    INNER JOIN argument
        ON
            called.function = argument.function
            AND called.child = argument.child
            AND called.stage IS NOT DISTINCT FROM argument.stage
            AND called.times = argument.times
    GROUP BY called.function, called.child, called.stage
)

-- What is fixed in all stages, and in one of them; NULL where nothing is fixed in all stages.
SELECT DISTINCT
    function,
    child,
    arguments
FROM fixed
UNION
SELECT
    function,
    child,
    NULL AS arguments
FROM called
WHERE (function, child) NOT IN (SELECT (function, child) FROM fixed WHERE stage IS NULL);

-- One row per A and kind of change inside it: from one value to another, or from one class of values
-- to another where that says clearly more (relations.md 8.1, merging of value hypotheses).
CREATE OR REPLACE TEMP TABLE _merged_changes AS
WITH
concrete AS (
    SELECT
        * REPLACE (sum(positive) AS positive, sum(completed) AS completed),
        old_value = 'null' AS from_null,
        new_value = 'null' AS to_null
    FROM candidate_changes
    GROUP BY ALL
),

changing AS (
    SELECT * REPLACE (sum(positive) AS positive, sum(completed) AS completed)
    FROM candidate_changing
    GROUP BY ALL
),

judged AS (
    SELECT * REPLACE (sum(calls) AS calls)
    FROM candidate_judged
    GROUP BY ALL
),

gain AS (
    SELECT
        concrete.function,
        concrete.variable_type,
        concrete.attribute,
        concrete.from_null,
        concrete.to_null,
        count(*) > 1
        AND any_value(1 / (1 + exp(
            -getvariable('merge_scale')
            * (changing.positive - (coalesce(judged.calls, 0) - changing.completed))
        ))) / avg(1 / (1 + exp(
            -getvariable('merge_scale')
            * (concrete.positive - (coalesce(judged.calls, 0) - concrete.completed))
        ))) >= getvariable('merge_ratio') AS merges
    FROM concrete
    INNER JOIN changing USING (function, variable_type, attribute, from_null, to_null)
    LEFT JOIN judged USING (function, variable_type, attribute)
    GROUP BY ALL
)

SELECT
    function,
    variable_type,
    attribute,
    if(gain.merges, generalise(list(concrete.old_value)), any_value(concrete.old_value))
        AS old_value,
    if(gain.merges, generalise(list(concrete.new_value)), any_value(concrete.new_value))
        AS new_value
FROM concrete
INNER JOIN gain USING (function, variable_type, attribute, from_null, to_null)
GROUP BY
    function,
    variable_type,
    attribute,
    from_null,
    to_null,
    gain.merges,
    if(gain.merges, NULL, concrete.old_value),
    if(gain.merges, NULL, concrete.new_value);

CREATE OR REPLACE TABLE hypotheses AS
WITH stated AS (
    SELECT
        to_json([
            json_object('param_type', 'APIParam', 'api_full_name', function),
            if(
                arguments IS NULL,
                json_object('param_type', 'APIParam', 'api_full_name', child),
                json_object(
                    'param_type', 'APIParam', 'api_full_name', child,
                    'arguments', json_object('args', arguments, 'func_name', child)
                )
            )
        ]) AS params
    FROM _contained
    UNION ALL
    SELECT
        to_json([
            json_object('param_type', 'APIParam', 'api_full_name', function),
            json_object(
                'param_type', 'VarTypeParam', 'var_type', variable_type, 'attr_name', attribute,
                'pre_value', CAST(old_value AS JSON), 'post_value', CAST(new_value AS JSON)
            )
        ]) AS params
    FROM _merged_changes
)

SELECT
    row_number() OVER (ORDER BY CAST(params AS VARCHAR)) AS hypothesis_id,
    params
FROM stated;

DROP TABLE _contained;
DROP TABLE _merged_changes;
