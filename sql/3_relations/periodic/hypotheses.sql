-- One row per hypothesis "attribute X of every variable of type T takes the value V again and again".
-- Reads: var_runs.  Writes: hypotheses.  Settings: min_returns.
CREATE OR REPLACE TABLE hypotheses AS
WITH
returning_value AS (
    SELECT
        variable_type,
        attribute,
        value
    FROM var_runs
    GROUP BY trace, process_id, variable, variable_type, attribute, value
    HAVING count(*) > getvariable('min_returns')
),

periodic AS (
    SELECT DISTINCT * FROM returning_value
)

SELECT
    row_number() OVER (ORDER BY variable_type, attribute, value) AS hypothesis_id,
    to_json([json_object(
        'param_type', 'VarTypeParam', 'var_type', variable_type, 'attr_name', attribute,
        'const_value', CAST(value AS JSON)
    )]) AS params
FROM periodic;
