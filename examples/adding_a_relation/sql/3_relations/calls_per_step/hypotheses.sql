-- One row per hypothesis "F is called N times in every step": each N that some steps agree on.
-- Reads: candidates.  Writes: hypotheses.  Settings: min_support.
CREATE OR REPLACE TABLE hypotheses AS
WITH agreed AS (
    SELECT
        function,
        times
    FROM candidates
    GROUP BY function, times
    HAVING sum(steps) >= getvariable('min_support')
)

SELECT
    row_number() OVER (ORDER BY function, times) AS hypothesis_id,
    to_json([json_object(
        'param_type', 'APIParam', 'api_full_name', function, 'times', times
    )]) AS params
FROM agreed;
