-- One row per hypothesis and trace that it is violated in: the first violation, and the steps of all.
-- Reads: violations, events, trace_bounds.  Writes: first_violations.
CREATE OR REPLACE TABLE first_violations AS
WITH
placed AS (
    SELECT
        violations.*,
        greatest(record.step, other.step) AS step,
        greatest(record.start_ts, other.start_ts) AS detected_ts
    FROM violations
    INNER JOIN events AS record
        ON
            violations.trace = record.trace
            AND violations.process_id = record.process_id
            AND violations.event_id = record.event_id
    LEFT JOIN events AS other
        ON
            violations.trace = other.trace
            AND violations.process_id_2 = other.process_id
            AND violations.event_id_2 = other.event_id
),

ranked AS (
    SELECT
        *,
        min(step) OVER of_hypothesis AS first_step,
        max(step) OVER of_hypothesis AS last_step,
        row_number() OVER (
            PARTITION BY hypothesis_id, trace
            ORDER BY decided_ts, start_ts, process_id, event_id, process_id_2, event_id_2
        ) AS nth
    FROM placed
    WINDOW of_hypothesis AS (PARTITION BY hypothesis_id, trace)
)

SELECT
    ranked.* EXCLUDE (nth),
    if(
        bounds.end_ts = bounds.start_ts, 0.0,
        (ranked.detected_ts - bounds.start_ts) / (bounds.end_ts - bounds.start_ts)
    ) AS detected_share
FROM ranked
INNER JOIN trace_bounds AS bounds USING (trace)
WHERE ranked.nth = 1;

COMMENT ON TABLE first_violations IS 'One row per hypothesis and trace that it is violated in';
COMMENT ON COLUMN first_violations.step IS 'step of the first violation';
COMMENT ON COLUMN first_violations.detected_ts IS 'ns, latest start of its records';
COMMENT ON COLUMN first_violations.detected_share IS 'detected_ts as a share of the trace, 0 to 1';
