-- One row per hypothesis "within a step, calls of F are given different arguments".
-- Reads: candidates, candidate_repeats.  Writes: hypotheses, left_out.
-- Settings: max_repeats_distinct.
CREATE OR REPLACE TEMP TABLE _called_again AS
SELECT
    to_json([json_object('param_type', 'APIParam', 'api_full_name', function)]) AS params,
    function,
    max(repeats) AS repeats
FROM (SELECT DISTINCT function FROM candidates)
INNER JOIN candidate_repeats USING (function)
GROUP BY function;

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
