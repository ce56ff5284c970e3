-- One row per hypothesis "F is called N times in every step": each N that some steps agree on.
-- Reads: calls, functions.  Writes: hypotheses.  Settings: min_support.
CREATE OR REPLACE TABLE hypotheses AS
WITH
counted AS (
    SELECT
        function,
        count(*) AS times
    FROM calls
    WHERE step IS NOT NULL
    GROUP BY trace, process_id, step, stage, function
),

agreed AS (
    SELECT
        function,
        times
    FROM counted
    GROUP BY function, times
    HAVING count(*) >= getvariable('min_support')
)

SELECT
    row_number() OVER (ORDER BY function, agreed.times) AS hypothesis_id,
    to_json([json_object(
        'param_type', 'APIParam', 'api_full_name', function, 'times', agreed.times
    )]) AS params
FROM agreed
INNER JOIN functions USING (function)
WHERE NOT functions.is_skipped;
