-- One row per call of A and the call of B at its place, down the call tree.
-- Calls are in line if both runs have as many of them there, and of every call around them: only then
-- does order say which is which. Reads: placed_calls.  Writes: matched_calls.
CREATE OR REPLACE TABLE matched_calls AS
WITH RECURSIVE matched AS (
    SELECT
        a.call_id AS call_a,
        b.call_id AS call_b,
        a.siblings = b.siblings AS is_in_line
    FROM placed_calls AS a
    INNER JOIN placed_calls AS b
        ON
            a.pair_no = b.pair_no
            AND a.thread = b.thread
            AND a.step IS NOT DISTINCT FROM b.step
            AND a.function = b.function
            AND a.nth = b.nth
    WHERE a.side = 'a' AND b.side = 'b' AND a.parent_id IS NULL AND b.parent_id IS NULL
    UNION ALL
    SELECT
        a.call_id AS call_a,
        b.call_id AS call_b,
        matched.is_in_line AND a.siblings = b.siblings AS is_in_line
    FROM matched
    INNER JOIN placed_calls AS a ON a.side = 'a' AND matched.call_a = a.parent_id
    INNER JOIN placed_calls AS b
        ON
            b.side = 'b'
            AND matched.call_b = b.parent_id
            AND a.step IS NOT DISTINCT FROM b.step
            AND a.function = b.function
            AND a.nth = b.nth
)

SELECT * FROM matched;
