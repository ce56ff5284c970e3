-- One row per A and B that Lead and Cover make a hypothesis of: on some thread, a call of one of them
-- began after a call of the other had ended.
-- Reads: ordered_functions, function_pool.  Writes: ordered_pairs.
CREATE OR REPLACE VIEW ordered_pairs AS
SELECT DISTINCT
    a.function AS first_function,
    b.function AS second_function
FROM ordered_functions AS a
INNER JOIN ordered_functions AS b
    ON
        a.thread_no = b.thread_no
        AND a.function <> b.function
        AND (a.first_end_ts < b.last_start_ts OR b.first_end_ts < a.last_start_ts)
WHERE
    a.function IN (FROM function_pool)
    AND b.function IN (FROM function_pool);

COMMENT ON VIEW ordered_pairs IS 'One row per A and B that Lead and Cover make a hypothesis of';
COMMENT ON COLUMN ordered_pairs.first_function IS 'A; the pair is there in either order';
COMMENT ON COLUMN ordered_pairs.second_function IS 'B';
