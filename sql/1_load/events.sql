-- One row per event of all traces, straight from the Parquet parts: a call, or a variable's state.
CREATE OR REPLACE VIEW events AS
SELECT
    traces.trace,
    part.* EXCLUDE (filename)
FROM read_parquet(
    getvariable('parts'),
    filename = true,
    hive_partitioning = false,
    union_by_name = true
) AS part
INNER JOIN traces
    ON regexp_replace(part.filename, '/events/process=[^/]*/[^/]*$', '') = traces.path;

COMMENT ON VIEW events IS 'One row per event of all traces: a call, or a variable''s state';
