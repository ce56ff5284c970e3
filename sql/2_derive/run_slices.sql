-- One row per compared run and slice of time that it reaches into.
CREATE OR REPLACE TABLE run_slices AS
SELECT
    run_id,
    variable_no,
    trace,
    variable_type,
    attribute,
    value,
    norm,
    from_ts,
    to_ts,
    from_ts // slice_ns AS first_slice,
    unnest(range(from_ts // slice_ns, (to_ts - 1) // slice_ns + 1)) AS slice
FROM compared_runs;

COMMENT ON TABLE run_slices IS 'One row per compared run and slice of time that it reaches into';
COMMENT ON COLUMN run_slices.first_slice IS 'slice in which the run begins';
COMMENT ON COLUMN run_slices.slice IS 'a pair of runs meets in the slice where the later one begins';
