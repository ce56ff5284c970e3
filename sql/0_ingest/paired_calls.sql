-- One row per call id of a process: its pre row and its post row, the first of each that is there.
-- Reads: the Parquet file named by `staged`.  Writes: paired_calls.
CREATE OR REPLACE TABLE paired_calls AS
SELECT
    process_id,
    source_id,
    arg_min(thread_id, row_no) FILTER (WHERE kind = 'pre') AS thread_id,
    min(row_no) FILTER (WHERE kind = 'pre') AS pre_row,
    arg_min(ts, row_no) FILTER (WHERE kind = 'pre') AS pre_ts,
    min(row_no) FILTER (WHERE kind <> 'pre') AS post_row,
    arg_min(ts, row_no) FILTER (WHERE kind <> 'pre') AS post_ts,
    arg_min(kind, row_no) FILTER (WHERE kind <> 'pre') AS post_kind,
    count(*) AS row_count
FROM read_parquet(getvariable('staged'))
WHERE kind IN ('pre', 'post', 'exception')
GROUP BY process_id, source_id;

COMMENT ON TABLE paired_calls IS 'One row per call id of a process: its pre row and its post row';
COMMENT ON COLUMN paired_calls.pre_row IS 'row_no of the first pre row, NULL if there is none';
COMMENT ON COLUMN paired_calls.post_row IS 'row_no of the first post row, NULL if there is none';
COMMENT ON COLUMN paired_calls.row_count IS 'rows of this id: more than two means it was used twice';
