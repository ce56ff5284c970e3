-- One row per number that F once returned close to, and on the right side of, an argument of it that
-- is called max_... or min_....
-- Reads: call_payloads, call_arguments, tensor_leaves, functions.  Writes: candidates.
-- Settings: closeness, all_hypotheses.
CREATE OR REPLACE TABLE candidates AS
WITH
limit_argument AS (
    SELECT
        call_id,
        name,
        contains(name, 'max') AS is_max,
        contains(name, 'min') AS is_min,
        json_keys(CAST(value AS JSON))[1] AS type_name,
        CAST(json_extract_string(CAST(value AS JSON), '$.*')[1] AS DOUBLE) AS bound
    FROM call_arguments
    WHERE
        (contains(name, 'max') OR contains(name, 'min'))
        AND json_keys(CAST(value AS JSON))[1] IN ('int', 'float')
),

near AS (
    SELECT DISTINCT
        passed.function,
        argument.name,
        argument.type_name,
        argument.is_max AND returned_value <= argument.bound AS is_max,
        argument.is_min AND returned_value >= argument.bound AS is_min,
        returned.tensor_no,
        returned.path
    FROM call_payloads AS passed
    INNER JOIN functions USING (function)
    INNER JOIN limit_argument AS argument USING (call_id)
    INNER JOIN (
        SELECT
            *,
            CAST(value AS DOUBLE) AS returned_value
        FROM tensor_leaves
        WHERE kind = 'number' AND is_telling(property) AND NOT is_address(property)
    ) AS returned ON passed.output_id = returned.payload_id
    WHERE
        passed.outcome = 'ok'
        AND NOT functions.is_skipped
        AND abs(argument.bound - returned_value) <= getvariable('closeness') * abs(argument.bound)
)

SELECT DISTINCT
    function,
    name,
    type_name,
    unnest(list_concat(if(is_max, ['max'], []), if(is_min, ['min'], []))) AS kind,
    tensor_no,
    path
FROM near;
