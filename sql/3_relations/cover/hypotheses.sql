-- One row per hypothesis "before every call of B, since the call of B before it, A was called".
-- Reads: candidates, candidate_repeats.  Writes: hypotheses, left_out.  Settings: max_repeats.
CREATE OR REPLACE TABLE left_out AS
SELECT
    to_json([json_object('param_type', 'APIParam', 'api_full_name', function)]) AS params,
    'max_repeats' AS budget,
    CAST(getvariable('max_repeats') AS BIGINT) AS allowed,
    max(repeats) AS found
FROM candidate_repeats
GROUP BY function;

CREATE OR REPLACE TABLE hypotheses AS
SELECT
    row_number() OVER (ORDER BY first_function, second_function) AS hypothesis_id,
    to_json([
        json_object('param_type', 'APIParam', 'api_full_name', first_function),
        json_object('param_type', 'APIParam', 'api_full_name', second_function)
    ]) AS params
FROM (SELECT DISTINCT first_function, second_function FROM candidates)
WHERE
    first_function NOT IN (SELECT function FROM candidate_repeats)
    AND second_function NOT IN (SELECT function FROM candidate_repeats);
