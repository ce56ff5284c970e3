-- One row per trace: its first and last moment, and whether anything in it names a stage.
CREATE OR REPLACE TABLE trace_bounds AS
SELECT
    trace,
    min(start_ts) AS start_ts,
    max(greatest(start_ts, coalesce(end_ts, start_ts))) AS end_ts,
    count(stage) > 0 AS has_stages
FROM events
GROUP BY trace;

COMMENT ON TABLE trace_bounds IS 'One row per trace: its first and last moment';
COMMENT ON COLUMN trace_bounds.start_ts IS 'ns, first event';
COMMENT ON COLUMN trace_bounds.end_ts IS 'ns, last event';
COMMENT ON COLUMN trace_bounds.has_stages IS 'some event names a stage; then the others are "init"';
