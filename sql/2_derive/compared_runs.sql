-- One row per run of a variable's attribute that Consistency compares with others.
-- The first run of a tensor, module or parameter is where it was made, not what training did to it.
CREATE OR REPLACE TABLE compared_runs AS
WITH eligible AS (
    SELECT
        runs.*,
        CASE runs.attribute
            WHEN 'data' THEN finite(state.extra ->> '$.norms.data')
            WHEN 'grad' THEN finite(state.extra ->> '$.norms.grad')
        END AS norm,
        dense_rank() OVER (
            ORDER BY runs.trace, runs.process_id, runs.variable, runs.variable_type
        ) AS variable_no
    FROM var_runs AS runs
    INNER JOIN events AS state USING (trace, process_id, event_id)
    WHERE
        runs.to_ts > runs.from_ts
        AND (
            runs.run_no > 1
            OR NOT regexp_matches(lower(runs.variable_type), 'tensor|module|parameter')
        )
)

SELECT
    row_number() OVER (ORDER BY variable_no, attribute, run_no) AS run_id,
    variable_no,
    trace,
    process_id,
    variable_type,
    attribute,
    value,
    from_ts,
    to_ts,
    event_id,
    norm,
    -- Runs are compared slice by slice of time; a slice is a third of the mean run.
    greatest(1, CAST(avg(to_ts - from_ts) OVER (PARTITION BY trace) / 3 AS BIGINT)) AS slice_ns
FROM eligible;

COMMENT ON TABLE compared_runs IS 'One row per run that Consistency compares with others';
COMMENT ON COLUMN compared_runs.run_id IS 'number of the run, unique over all traces';
COMMENT ON COLUMN compared_runs.variable_no IS 'number of the variable, unique over all traces';
COMMENT ON COLUMN compared_runs.norm IS 'L2 norm of the tensor when the run began, if it was recorded';
COMMENT ON COLUMN compared_runs.slice_ns IS 'width of the slices of time that runs are matched by';
