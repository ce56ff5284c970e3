-- One row per line that could not be used, or only in part: where it is and what is wrong with it.
-- Reads: paired_calls, the Parquet file named by `staged`.  Writes: problems.
CREATE OR REPLACE TABLE problems AS
WITH
found AS (
    SELECT
        row_no,
        problem_kind AS kind,
        problem
    FROM read_parquet(getvariable('staged'))
    WHERE problem IS NOT NULL
    UNION ALL
    SELECT
        post_row AS row_no,
        'orphan_posts' AS kind,
        if(
            pre_row IS NULL,
            'the call ' || source_id || ' returns here, but where it was entered is not in the trace',
            'the call ' || source_id || ' returns here, before it was entered'
        ) AS problem
    FROM paired_calls
    WHERE post_row IS NOT NULL AND (pre_row IS NULL OR post_ts < pre_ts)
    UNION ALL
    SELECT
        again.row_no,
        'duplicate_calls' AS kind,
        'the call id ' || again.source_id || ' was used before' AS problem
    FROM paired_calls AS call
    INNER JOIN read_parquet(getvariable('staged')) AS again USING (process_id, source_id)
    WHERE
        call.row_count > 2 - if(call.pre_row IS NULL, 1, 0) - if(call.post_row IS NULL, 1, 0)
        AND again.row_no IS DISTINCT FROM call.pre_row
        AND again.row_no IS DISTINCT FROM call.post_row
)

SELECT
    row_no >> 40 AS file_no,
    row_no - (row_no >> 40 << 40) AS line_no,
    kind,
    problem
FROM found;

COMMENT ON TABLE problems IS 'One row per line that could not be used, or only in part';
COMMENT ON COLUMN problems.file_no IS 'number of the file, from 0';
COMMENT ON COLUMN problems.line_no IS 'number of the line in the file, from 1';
COMMENT ON COLUMN problems.kind IS
    'bad_json, missing_keys, unknown_types, orphan_posts or duplicate_calls';
