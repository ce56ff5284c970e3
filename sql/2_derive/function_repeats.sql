-- One row per function: how often some thread calls it in a row, and some process at all, at most.
-- Reads: calls.  Writes: function_repeats.
CREATE OR REPLACE TABLE function_repeats AS
WITH
ranked AS (
    SELECT
        thread_no,
        function,
        row_number() OVER calls_of_thread AS place,
        function = lag(function) OVER calls_of_thread AS is_again
    FROM calls
    WINDOW calls_of_thread AS (PARTITION BY thread_no ORDER BY start_ts, event_id)
),

-- In a row, the place among all calls and the place among these go up together.
again AS (
    SELECT
        thread_no,
        function,
        place - row_number() OVER (PARTITION BY thread_no, function ORDER BY place) AS begin
    FROM ranked
    WHERE is_again
),

in_a_row AS (
    SELECT
        function,
        count(*) + 1 AS calls
    FROM again
    GROUP BY thread_no, function, begin
),

in_process AS (
    SELECT
        function,
        count(*) AS calls
    FROM calls
    GROUP BY trace, process_id, function
)

SELECT
    in_process.function,
    coalesce(max(in_a_row.calls), 1) AS repeats,
    max(in_process.calls) AS most_calls
FROM in_process
LEFT JOIN in_a_row USING (function)
GROUP BY in_process.function;

COMMENT ON TABLE function_repeats IS
'One row per function: how often it is called in a row, and in a process, at most';
COMMENT ON COLUMN function_repeats.repeats IS 'most calls of it that follow each other in a thread';
COMMENT ON COLUMN function_repeats.most_calls IS 'most calls of it in one process';
