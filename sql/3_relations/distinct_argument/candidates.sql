-- One row per function that is given arguments more than once in a step; and how often functions are
-- called in a row.
-- Reads: calls, call_payloads, functions, function_repeats.  Writes: candidates, candidate_repeats.
CREATE OR REPLACE TABLE candidates AS
WITH given AS (
    SELECT call_payloads.function
    FROM call_payloads
    INNER JOIN calls AS call USING (call_id)
    WHERE call_payloads.has_input
    GROUP BY call_payloads.function, call.trace, call.step
    HAVING count(*) > 1
)

SELECT DISTINCT given.function
FROM given
INNER JOIN functions USING (function)
WHERE NOT functions.is_skipped;

CREATE OR REPLACE TABLE candidate_repeats AS
SELECT * FROM function_repeats;
