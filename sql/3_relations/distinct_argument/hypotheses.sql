-- One row per hypothesis "within a step, calls of F are given different arguments".
-- Reads: calls, call_payloads, functions, function_repeats.  Writes: hypotheses, left_out.
-- Settings: max_repeats_distinct.
CREATE OR REPLACE TEMP TABLE _called_again AS
WITH
given AS (
    SELECT
        call_payloads.function,
        call.trace,
        call.step,
        count(*) AS calls
    FROM call_payloads
    INNER JOIN calls AS call USING (call_id)
    WHERE call_payloads.has_input
    GROUP BY ALL
    HAVING count(*) > 1
)

SELECT
    to_json([json_object('param_type', 'APIParam', 'api_full_name', function)]) AS params,
    function,
    function_repeats.repeats
FROM (SELECT DISTINCT given.function FROM given)
INNER JOIN functions USING (function)
INNER JOIN function_repeats USING (function)
WHERE NOT functions.is_skipped;

CREATE OR REPLACE TABLE hypotheses AS
SELECT
    row_number() OVER (ORDER BY function) AS hypothesis_id,
    params
FROM _called_again
WHERE repeats <= getvariable('max_repeats_distinct');

CREATE OR REPLACE TABLE left_out AS
SELECT
    params,
    'max_repeats_distinct' AS budget,
    getvariable('max_repeats_distinct') AS allowed,
    repeats AS found
FROM _called_again
WHERE repeats > getvariable('max_repeats_distinct');

DROP TABLE _called_again;
