-- One row per hypothesis "every call of A contains a call of B", or "... a change of T.X".
-- B's arguments are part of it where they never vary: in all stages, or in one of them. What differs
-- from stage to stage (training of dropout) makes a hypothesis for each.
-- Reads: contained_calls, fixed_arguments, merged_changes, functions.  Writes: hypotheses.
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

-- What is fixed in all stages, and in one of them; NULL where nothing is fixed in all stages.
given AS (
    SELECT
        child_call.function,
        child_call.child,
        fixed.arguments
    FROM child_call
    INNER JOIN fixed_arguments AS fixed USING (function, child)
    UNION
    SELECT
        function,
        child,
        NULL AS arguments
    FROM child_call
    WHERE (function, child) NOT IN (SELECT (function, child) FROM fixed_arguments WHERE stage IS NULL)
),

stated AS (
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
    FROM given
    UNION ALL
    SELECT
        to_json([
            json_object('param_type', 'APIParam', 'api_full_name', function),
            json_object(
                'param_type', 'VarTypeParam', 'var_type', variable_type, 'attr_name', attribute,
                'pre_value', CAST(old_value AS JSON), 'post_value', CAST(new_value AS JSON)
            )
        ]) AS params
    FROM merged_changes
    INNER JOIN functions USING (function)
    WHERE NOT functions.is_skipped
)

SELECT
    row_number() OVER (ORDER BY CAST(params AS VARCHAR)) AS hypothesis_id,
    params
FROM stated;
