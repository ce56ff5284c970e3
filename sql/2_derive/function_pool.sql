-- One row per function that Lead and Cover look at: neither skipped nor called again and again.
CREATE OR REPLACE TABLE function_pool AS
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

repeats AS (
    SELECT
        thread_no,
        row_of_calls,
        any_value(function) AS function,
        count(*) AS calls
    FROM numbered
    GROUP BY thread_no, row_of_calls
)

SELECT repeats.function
FROM repeats
INNER JOIN functions USING (function)
WHERE NOT functions.is_skipped
GROUP BY repeats.function
HAVING max(repeats.calls) <= getvariable('max_repeats');

COMMENT ON TABLE function_pool IS 'One row per function that Lead and Cover look at';
