-- One row per hypothesis "T1.X1 and T2.X2 of two variables hold equal values while both live".
-- Reads: candidates.  Writes: hypotheses.  Settings: tolerance.
CREATE OR REPLACE TABLE hypotheses AS
SELECT
    row_number() OVER (ORDER BY variables) AS hypothesis_id,
    to_json(list_transform(variables, lambda v: json_merge_patch(
        json_object('param_type', 'VarTypeParam', 'var_type', v.var_type, 'attr_name', v.attr_name),
        json_object('tolerance', if(v.attr_name IN ('data', 'grad'), getvariable('tolerance'), NULL))
    ))) AS params
FROM (SELECT DISTINCT variables FROM candidates);
