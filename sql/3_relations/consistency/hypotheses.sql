-- One row per hypothesis "T1.X1 and T2.X2 of two variables hold equal values while both live".
-- Reads: run_slices.  Writes: hypotheses.  Settings: min_overlap, min_equal_runs.
CREATE OR REPLACE TABLE hypotheses AS
WITH
equal_runs AS (
    SELECT
        a.variable_no,
        a.variable_type,
        a.attribute,
        b.variable_no AS variable_no_2,
        b.variable_type AS variable_type_2,
        b.attribute AS attribute_2
    FROM run_slices AS a
    INNER JOIN run_slices AS b
        ON
            a.trace = b.trace
            AND a.value = b.value
            AND a.slice = b.slice
            AND a.variable_no < b.variable_no
    WHERE
        a.slice = greatest(a.first_slice, b.first_slice)
        AND overlap(a.from_ts, a.to_ts, b.from_ts, b.to_ts) > getvariable('min_overlap')
    GROUP BY ALL
    HAVING count(*) >= getvariable('min_equal_runs')
),

stated AS (
    SELECT DISTINCT
        list_sort([
            {'var_type': variable_type, 'attr_name': attribute},
            {'var_type': variable_type_2, 'attr_name': attribute_2}
        ]) AS variables
    FROM equal_runs
)

SELECT
    row_number() OVER (ORDER BY variables) AS hypothesis_id,
    to_json(list_transform(variables, lambda v: json_object(
        'param_type', 'VarTypeParam', 'var_type', v.var_type, 'attr_name', v.attr_name
    ))) AS params
FROM stated;
