-- One row per call in a shared step of a compared process, with its place in the call tree.
-- A place is: thread, step, enclosing call, function, and the how-manieth of these it is. Reads: calls,
-- compared_processes, shared_steps.  Writes: placed_calls.
CREATE OR REPLACE TABLE placed_calls AS
WITH
compared AS (
    SELECT
        process.pair_no,
        process.side,
        call.call_id,
        call.parent_id,
        call.event_id,
        call.thread_no,
        call.function,
        call.step
    FROM calls AS call
    INNER JOIN compared_processes AS process USING (trace, process_id)
    SEMI JOIN shared_steps AS shared
        ON process.pair_no = shared.pair_no AND call.step IS NOT DISTINCT FROM shared.step
),

-- Ids of threads mean nothing to another run: the first to call is the first.
thread AS (
    SELECT
        pair_no,
        side,
        thread_no,
        row_number() OVER (PARTITION BY pair_no, side ORDER BY min(event_id)) AS thread
    FROM compared
    GROUP BY pair_no, side, thread_no
),

inside AS (
    SELECT
        compared.* EXCLUDE (parent_id, thread_no),
        thread.thread,
        around.call_id AS parent_id,
        around.function AS parent_function
    FROM compared
    INNER JOIN thread USING (pair_no, side, thread_no)
    LEFT JOIN compared AS around
        ON compared.side = around.side AND compared.parent_id = around.call_id
)

SELECT
    *,
    row_number() OVER (
        PARTITION BY pair_no, side, thread, parent_id, step, function ORDER BY event_id
    ) AS nth,
    count(*) OVER (PARTITION BY pair_no, side, thread, parent_id, step, function) AS siblings
FROM inside;
