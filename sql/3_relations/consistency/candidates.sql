-- One row per pair T1.X1 and T2.X2 of which two variables held equal values while both lived.
-- Reads: run_slices.  Writes: candidates.  Settings: min_overlap, min_equal_runs, tolerance.
CREATE OR REPLACE TABLE candidates AS
WITH
normed AS (
    SELECT * FROM run_slices
    WHERE norm IS NOT NULL AND getvariable('tolerance') IS NOT NULL
),

met AS (
    SELECT
        a AS run,
        b AS run_2
    FROM run_slices AS a
    INNER JOIN run_slices AS b ON a.trace = b.trace AND a.slice = b.slice AND a.value = b.value
    UNION ALL
    SELECT
        a AS run,
        b AS run_2
    FROM normed AS a
    INNER JOIN normed AS b ON a.trace = b.trace AND a.slice = b.slice AND a.value <> b.value
    WHERE is_close(a.norm, b.norm, getvariable('tolerance'))
),

equal_runs AS (
    SELECT
        run.variable_no,
        run.variable_type,
        run.attribute,
        run_2.variable_no AS variable_no_2,
        run_2.variable_type AS variable_type_2,
        run_2.attribute AS attribute_2
    FROM met
    WHERE
        run.variable_no < run_2.variable_no
        AND run.slice = greatest(run.first_slice, run_2.first_slice)
        AND overlap(run.from_ts, run.to_ts, run_2.from_ts, run_2.to_ts) > getvariable('min_overlap')
    GROUP BY ALL
    HAVING count(*) >= getvariable('min_equal_runs')
)

SELECT DISTINCT
    list_sort([
        {'var_type': variable_type, 'attr_name': attribute},
        {'var_type': variable_type_2, 'attr_name': attribute_2}
    ]) AS variables
FROM equal_runs;
