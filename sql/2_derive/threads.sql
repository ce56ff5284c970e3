-- One row per thread of a process: numbers that are unique over all traces, and its last moment.
CREATE OR REPLACE TABLE threads AS
SELECT
    trace,
    process_id,
    thread_id,
    CAST(dense_rank() OVER (ORDER BY trace, process_id) AS BIGINT) AS process_no,
    row_number() OVER (ORDER BY trace, process_id, thread_id) AS thread_no,
    max(greatest(start_ts, coalesce(end_ts, start_ts))) AS last_ts
FROM events
GROUP BY trace, process_id, thread_id;

CREATE OR REPLACE VIEW processes AS
SELECT DISTINCT
    trace,
    process_id,
    process_no
FROM threads;

COMMENT ON VIEW processes IS 'One row per process of a trace';
COMMENT ON TABLE threads IS 'One row per thread of a process of a trace';
COMMENT ON COLUMN threads.process_no IS 'number of the process, unique over all traces';
COMMENT ON COLUMN threads.thread_no IS 'number of the thread, unique over all traces';
COMMENT ON COLUMN threads.last_ts IS 'ns, its last event: where its incomplete calls end';
