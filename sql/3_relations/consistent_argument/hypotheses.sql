-- One row per hypothesis "in a step, all ranks pass the same argument X to their k-th call of F".
-- Reads: numbered_arguments, functions.  Writes: hypotheses.
CREATE OR REPLACE TABLE hypotheses AS
WITH agreed AS (
    SELECT DISTINCT
        a.function,
        a.name
    FROM numbered_arguments AS a
    INNER JOIN numbered_arguments AS b
        ON
            a.trace = b.trace
            AND a.step IS NOT DISTINCT FROM b.step
            AND a.function = b.function
            AND a.nth = b.nth
            AND a.name = b.name
            AND a.value = b.value
            AND a.process_id < b.process_id
    INNER JOIN functions ON a.function = functions.function
    WHERE NOT functions.is_skipped
)

SELECT
    row_number() OVER (ORDER BY function, name) AS hypothesis_id,
    to_json([
        json_object('param_type', 'APIParam', 'api_full_name', function),
        json_object(
            'param_type', 'InputOutputParam', 'name', name, 'index', NULL, 'type', NULL,
            'additional_path', NULL, 'api_name', function, 'is_input', true
        )
    ]) AS params
FROM agreed;
