-- One row per call id of a process: its pre row and its post row, the first of each that is there.
-- Reads: the Parquet file named by `staged`.  Writes: paired_calls.
CREATE OR REPLACE TABLE paired_calls AS
SELECT
    process_id,
    source_id,
    min(row_no) FILTER (WHERE kind = 'pre') AS pre_row,
    min(row_no) FILTER (WHERE kind <> 'pre') AS post_row,
    arg_min(thread_id, row_no) FILTER (WHERE kind = 'pre') AS thread_id,
    arg_min(ts, row_no) FILTER (WHERE kind = 'pre') AS start_ts,
    arg_min(ts, row_no) FILTER (WHERE kind <> 'pre') AS end_ts,
    count(*) AS row_count
FROM read_parquet(getvariable('staged'))
WHERE kind IN ('pre', 'post', 'exception')
GROUP BY process_id, source_id;
