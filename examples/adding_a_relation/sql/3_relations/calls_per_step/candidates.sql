-- One row per function F and number N: how many steps call F N times.
-- Reads: calls, functions.  Writes: candidates.
CREATE OR REPLACE TABLE candidates AS
SELECT
    function,
    times,
    count(*) AS steps
FROM (
    SELECT
        function,
        count(*) AS times
    FROM calls
    WHERE step IS NOT NULL
    GROUP BY trace, process_id, step, stage, function
)
INNER JOIN functions USING (function)
WHERE NOT functions.is_skipped
GROUP BY function, times;
