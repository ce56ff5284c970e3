-- One row per function and thread: what decides whether two functions are called one after the other.
-- Calls that never returned take no part.
CREATE OR REPLACE TABLE ordered_functions AS
WITH
own AS (
    SELECT
        thread_no,
        function,
        min(end_ts) AS first_end_ts,
        max(start_ts) AS last_start_ts
    FROM calls
    WHERE outcome <> 'incomplete'
    GROUP BY thread_no, function
),

-- The two extremes of each thread, so that a function can be compared with all others at once.
ranked AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY thread_no ORDER BY first_end_ts) AS by_end,
        row_number() OVER (PARTITION BY thread_no ORDER BY last_start_ts DESC) AS by_start
    FROM own
),

extreme AS (
    SELECT
        thread_no,
        min(first_end_ts) FILTER (WHERE by_end = 1) AS earliest_end_ts,
        min(first_end_ts) FILTER (WHERE by_end = 2) AS second_end_ts,
        max(last_start_ts) FILTER (WHERE by_start = 1) AS latest_start_ts,
        max(last_start_ts) FILTER (WHERE by_start = 2) AS second_start_ts
    FROM ranked
    GROUP BY thread_no
)

SELECT
    ranked.thread_no,
    ranked.function,
    ranked.first_end_ts,
    ranked.last_start_ts,
    coalesce(
        if(ranked.by_end = 1, extreme.second_end_ts, extreme.earliest_end_ts)
        < ranked.last_start_ts, false
    )
    OR coalesce(
        if(ranked.by_start = 1, extreme.second_start_ts, extreme.latest_start_ts)
        > ranked.first_end_ts, false
    ) AS has_neighbour
FROM ranked
INNER JOIN extreme USING (thread_no);

COMMENT ON TABLE ordered_functions IS 'One row per function and thread that calls it';
COMMENT ON COLUMN ordered_functions.first_end_ts IS 'ns, end of the call that ended first';
COMMENT ON COLUMN ordered_functions.last_start_ts IS 'ns, start of the call that began last';
COMMENT ON COLUMN ordered_functions.has_neighbour IS
'some other function is called before one of its calls began or after one ended';
