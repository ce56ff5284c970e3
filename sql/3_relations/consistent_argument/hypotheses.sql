-- One row per hypothesis "in a step, all ranks pass the same argument X to their k-th call of F".
-- Reads: candidates.  Writes: hypotheses.
CREATE OR REPLACE TABLE hypotheses AS
SELECT
    row_number() OVER (ORDER BY function, name) AS hypothesis_id,
    to_json([
        json_object('param_type', 'APIParam', 'api_full_name', function),
        json_object(
            'param_type', 'InputOutputParam', 'name', name, 'index', NULL, 'type', NULL,
            'additional_path', NULL, 'api_name', function, 'is_input', true
        )
    ]) AS params
FROM (SELECT DISTINCT function, name FROM candidates);
