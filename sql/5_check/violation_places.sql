-- One row per hypothesis, trace, process and share of the steps that it is violated in.
-- The steps of a trace are cut into `step_bins` of the same length.
-- Reads: violations, events, trace_bounds.  Writes: violation_places.  Settings: step_bins.
CREATE OR REPLACE TABLE violation_places AS
WITH
bounds AS (
    SELECT
        trace,
        min(step) AS first_step,
        greatest((max(step) - min(step) + 1) / getvariable('step_bins'), 1.0) AS bin_steps
    FROM events
    GROUP BY trace
),

placed AS (
    SELECT
        violations.hypothesis_id,
        violations.trace,
        violations.process_id,
        violations.weight,
        record.step,
        record.meta,
        CAST((record.step - bounds.first_step) // bounds.bin_steps AS BIGINT) AS bin
    FROM violations
    INNER JOIN events AS record USING (trace, process_id, event_id)
    INNER JOIN bounds USING (trace)
)

SELECT
    hypothesis_id,
    trace,
    process_id,
    arg_min(meta, step) AS meta,
    bin,
    min(step) AS first_step,
    max(step) AS last_step,
    CAST(sum(weight) AS BIGINT) AS violations
FROM placed
GROUP BY hypothesis_id, trace, process_id, bin;

COMMENT ON TABLE violation_places IS
'One row per hypothesis, trace, process and share of the steps that it is violated in';
COMMENT ON COLUMN violation_places.bin IS '0 for the first of step_bins shares, NULL without a step';
COMMENT ON COLUMN violation_places.meta IS 'of the first record: the ranks of the process are there';
