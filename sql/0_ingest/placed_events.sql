-- One row per event of the dataset to be: where its rows are, and its number in its process.
-- Reads: paired_calls, the Parquet file named by `staged`.  Writes: placed_events.
CREATE OR REPLACE TABLE placed_events AS
WITH event AS (
    SELECT
        process_id,
        thread_id,
        'call' AS kind,
        pre_ts AS start_ts,
        if(post_ts >= pre_ts, post_ts, NULL) AS end_ts,
        CASE
            WHEN end_ts IS NULL THEN 'incomplete'
            WHEN post_kind = 'exception' THEN 'exception'
            ELSE 'ok'
        END AS outcome,
        pre_row AS row_no,
        if(end_ts IS NOT NULL, post_row, NULL) AS post_row
    FROM paired_calls
    WHERE pre_row IS NOT NULL
    UNION ALL
    SELECT
        process_id,
        thread_id,
        kind,
        ts AS start_ts,
        NULL AS end_ts,
        NULL AS outcome,
        row_no,
        NULL AS post_row
    FROM read_parquet(getvariable('staged'))
    WHERE kind = 'state'
)

SELECT
    *,
    row_number() OVER (PARTITION BY process_id ORDER BY start_ts, row_no) AS event_id
FROM event;

COMMENT ON TABLE placed_events IS 'One row per event of the dataset to be, and where its rows are';
COMMENT ON COLUMN placed_events.row_no IS 'the line with the state, or the pre row of the call';
COMMENT ON COLUMN placed_events.post_row IS 'the line with the post row of a call that ended';
COMMENT ON COLUMN placed_events.event_id IS 'serial number in the process, in order of start_ts';
