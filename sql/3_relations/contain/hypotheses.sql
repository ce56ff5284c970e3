-- One row per hypothesis "every call of A contains a call of B", or "... a change of T.X".
-- Reads: contained_calls, contained_changes, call_arguments, calls, functions.  Writes: hypotheses.
-- Settings: merge_scale, merge_ratio.

-- Arguments of B that are the same in every call of B inside a call of A.
CREATE OR REPLACE TEMP TABLE _fixed_arguments AS
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
        ancestor.child_id
    FROM ancestor
    INNER JOIN calls AS call USING (call_id)
    INNER JOIN functions ON call.function = functions.function
    WHERE NOT functions.is_skipped
),

pair AS (
    SELECT
        function,
        child,
        count(*) AS calls
    FROM caller
    GROUP BY function, child
),

fixed AS (
    SELECT
        caller.function,
        caller.child,
        argument.name,
        min(argument.value) AS value,
        count(*) AS calls
    FROM caller
    INNER JOIN call_arguments AS argument ON caller.child_id = argument.call_id
    GROUP BY caller.function, caller.child, argument.name
    HAVING min(argument.value) = max(argument.value)
)

SELECT
    pair.function,
    pair.child,
    to_json(map(
        list(fixed.name ORDER BY fixed.name), list(CAST(fixed.value AS JSON) ORDER BY fixed.name)
    )) AS arguments
FROM pair
INNER JOIN fixed
    ON pair.function = fixed.function AND pair.child = fixed.child AND pair.calls = fixed.calls
GROUP BY pair.function, pair.child;

-- How often each function is called to the end, and how often it contains which change.
CREATE OR REPLACE TEMP TABLE _value_changes AS
WITH
concrete AS (
    SELECT
        change.function,
        change.variable_type,
        change.attribute,
        change.old_value,
        change.new_value,
        count(*) AS positive,
        count(*) FILTER (WHERE change.outcome <> 'incomplete') AS completed
    FROM contained_changes AS change
    INNER JOIN functions USING (function)
    WHERE NOT functions.is_skipped
    GROUP BY ALL
),

any_change AS (
    SELECT
        function,
        variable_type,
        attribute,
        old_value = 'null' AS from_null,
        new_value = 'null' AS to_null,
        count(DISTINCT call_id) AS positive,
        count(DISTINCT call_id) FILTER (WHERE outcome <> 'incomplete') AS completed
    FROM contained_changes
    GROUP BY ALL
),

-- Calls that can be judged: in traces that observe the attribute.
judged AS (
    SELECT
        call.function,
        observed.variable_type,
        observed.attribute,
        sum(call.calls) AS calls
    FROM (
        SELECT
            trace,
            function,
            count(*) AS calls
        FROM calls
        WHERE outcome <> 'incomplete'
        GROUP BY trace, function
    ) AS call
    INNER JOIN observed_attributes AS observed USING (trace)
    GROUP BY ALL
),

gain AS (
    SELECT
        concrete.function,
        concrete.variable_type,
        concrete.attribute,
        any_change.from_null,
        any_change.to_null,
        count(*) > 1
        AND any_value(1 / (1 + exp(
            -getvariable('merge_scale')
            * (any_change.positive - (coalesce(judged.calls, 0) - any_change.completed))
        ))) / avg(1 / (1 + exp(
            -getvariable('merge_scale')
            * (concrete.positive - (coalesce(judged.calls, 0) - concrete.completed))
        ))) >= getvariable('merge_ratio') AS merges
    FROM concrete
    INNER JOIN any_change
        ON
            concrete.function = any_change.function
            AND concrete.variable_type = any_change.variable_type
            AND concrete.attribute = any_change.attribute
            AND (concrete.old_value = 'null') = any_change.from_null
            AND (concrete.new_value = 'null') = any_change.to_null
    LEFT JOIN judged
        ON
            concrete.function = judged.function
            AND concrete.variable_type = judged.variable_type
            AND concrete.attribute = judged.attribute
    GROUP BY ALL
)

SELECT
    concrete.function,
    concrete.variable_type,
    concrete.attribute,
    if(gain.merges, generalise(list(concrete.old_value)), any_value(concrete.old_value))
        AS old_value,
    if(gain.merges, generalise(list(concrete.new_value)), any_value(concrete.new_value))
        AS new_value
FROM concrete
INNER JOIN gain
    ON
        concrete.function = gain.function
        AND concrete.variable_type = gain.variable_type
        AND concrete.attribute = gain.attribute
        AND (concrete.old_value = 'null') = gain.from_null
        AND (concrete.new_value = 'null') = gain.to_null
GROUP BY
    concrete.function,
    concrete.variable_type,
    concrete.attribute,
    gain.from_null,
    gain.to_null,
    gain.merges,
    if(gain.merges, NULL, concrete.old_value),
    if(gain.merges, NULL, concrete.new_value);

CREATE OR REPLACE TABLE hypotheses AS
WITH
child_call AS (
    SELECT DISTINCT
        contained_calls.function,
        contained_calls.child
    FROM contained_calls
    INNER JOIN functions USING (function)
    WHERE NOT functions.is_skipped
),

stated AS (
    SELECT
        to_json([
            json_object('param_type', 'APIParam', 'api_full_name', child_call.function),
            if(
                fixed.arguments IS NULL,
                json_object('param_type', 'APIParam', 'api_full_name', child_call.child),
                json_object(
                    'param_type', 'APIParam', 'api_full_name', child_call.child,
                    'arguments', json_object('args', fixed.arguments, 'func_name', child_call.child)
                )
            )
        ]) AS params
    FROM child_call
    LEFT JOIN _fixed_arguments AS fixed
        ON child_call.function = fixed.function AND child_call.child = fixed.child
    UNION ALL
    SELECT
        to_json([
            json_object('param_type', 'APIParam', 'api_full_name', function),
            json_object(
                'param_type', 'VarTypeParam', 'var_type', variable_type, 'attr_name', attribute,
                'pre_value', CAST(old_value AS JSON), 'post_value', CAST(new_value AS JSON)
            )
        ]) AS params
    FROM _value_changes
)

SELECT
    row_number() OVER (ORDER BY CAST(params AS VARCHAR)) AS hypothesis_id,
    params
FROM stated;

DROP TABLE _fixed_arguments;
DROP TABLE _value_changes;
