-- One row per hypothesis "a number that F returns stays below its argument max_..., or above min_...".
-- Reads: candidates.  Writes: hypotheses.
CREATE OR REPLACE TABLE hypotheses AS
WITH
stated AS (
    SELECT
        function,
        name,
        min(type_name) AS type_name,
        kind,
        tensor_no,
        path
    FROM candidates
    GROUP BY function, name, kind, tensor_no, path
),

param AS (
    SELECT
        *,
        json_object(
            'param_type', 'InputOutputParam', 'name', name, 'index', NULL,
            'type', '<class ''' || type_name || '''>', 'additional_path', NULL,
            'api_name', function, 'is_input', true
        ) AS input_param,
        json_object(
            'param_type', 'InputOutputParam', 'name', 'output_tensors', 'index', tensor_no,
            'type', 'torch.Tensor', 'additional_path', path, 'api_name', function,
            'is_input', false
        ) AS output_param
    FROM stated
)

SELECT
    row_number() OVER (ORDER BY function, name, kind, tensor_no, path) AS hypothesis_id,
    to_json([
        if(kind = 'max', input_param, output_param),
        json_object('param_type', 'APIParam', 'api_full_name', function),
        if(kind = 'max', output_param, input_param)
    ]) AS params
FROM param;
