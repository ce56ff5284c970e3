-- One row per function: how often some thread calls it in a row, at most.
CREATE OR REPLACE TABLE function_repeats AS
WITH
marked AS (
    SELECT
        thread_no,
        function,
        start_ts,
        event_id,
        function IS DISTINCT FROM lag(function) OVER (
            PARTITION BY thread_no ORDER BY start_ts, event_id
        ) AS begins
    FROM calls
),

numbered AS (
    SELECT
        thread_no,
        function,
        count_if(begins) OVER (PARTITION BY thread_no ORDER BY start_ts, event_id) AS row_of_calls
    FROM marked
),

in_a_row AS (
    SELECT
        thread_no,
        row_of_calls,
        any_value(function) AS function,
        count(*) AS calls
    FROM numbered
    GROUP BY thread_no, row_of_calls
)

SELECT
    function,
    max(calls) AS repeats
FROM in_a_row
GROUP BY function;

COMMENT ON TABLE function_repeats IS 'One row per function: how often it is called in a row, at most';
COMMENT ON COLUMN function_repeats.repeats IS 'most calls of it that follow each other in a thread';
