-- One row per hypothesis "property P of the i-th tensor passed to F equals Q of the j-th returned".
-- Reads: candidates.  Writes: hypotheses.
CREATE OR REPLACE TABLE hypotheses AS
SELECT
    row_number() OVER (ORDER BY function, input_no, input_path, output_no, output_path)
        AS hypothesis_id,
    to_json([
        json_object(
            'param_type', 'InputOutputParam', 'name', 'input_tensors', 'index', input_no,
            'type', 'torch.Tensor', 'additional_path', input_path, 'api_name', function,
            'is_input', true
        ),
        json_object('param_type', 'APIParam', 'api_full_name', function),
        json_object(
            'param_type', 'InputOutputParam', 'name', 'output_tensors', 'index', output_no,
            'type', 'torch.Tensor', 'additional_path', output_path, 'api_name', function,
            'is_input', false
        )
    ]) AS params
FROM (SELECT DISTINCT * FROM candidates);
