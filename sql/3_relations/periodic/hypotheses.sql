-- One row per hypothesis "attribute X of every variable of type T takes the value V again and again".
-- Reads: candidates.  Writes: hypotheses.
CREATE OR REPLACE TABLE hypotheses AS
SELECT
    row_number() OVER (ORDER BY variable_type, attribute, value) AS hypothesis_id,
    to_json([json_object(
        'param_type', 'VarTypeParam', 'var_type', variable_type, 'attr_name', attribute,
        'const_value', CAST(value AS JSON)
    )]) AS params
FROM (SELECT DISTINCT * FROM candidates);
