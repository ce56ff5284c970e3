-- One row per hypothesis "after every call of A, before the next call of A, B is called".
-- Reads: candidates, candidate_functions, candidate_callers, order_pool.
-- Writes: hypotheses, local_hypotheses, left_out.  Settings: max_repeats.
CREATE OR REPLACE TABLE left_out AS
SELECT
    to_json([json_object('param_type', 'APIParam', 'api_full_name', function)]) AS params,
    'max_repeats' AS budget,
    CAST(getvariable('max_repeats') AS BIGINT) AS allowed,
    max(repeats) AS found
FROM candidate_functions
GROUP BY function
HAVING max(repeats) > getvariable('max_repeats');

CREATE OR REPLACE TEMP TABLE _looked_at AS
FROM order_pool(
    (SELECT list(one) FROM candidate_functions AS one),
    (SELECT list(one) FROM candidate_callers AS one)
);

CREATE OR REPLACE TABLE hypotheses AS
SELECT
    row_number() OVER (ORDER BY first_function, second_function) AS hypothesis_id,
    to_json([
        json_object('param_type', 'APIParam', 'api_full_name', first_function),
        json_object('param_type', 'APIParam', 'api_full_name', second_function)
    ]) AS params
FROM (SELECT DISTINCT first_function, second_function FROM candidates)
WHERE
    first_function IN (SELECT function FROM _looked_at)
    AND second_function IN (SELECT function FROM _looked_at);

CREATE OR REPLACE TABLE local_hypotheses AS
SELECT DISTINCT hypotheses.hypothesis_id
FROM hypotheses
INNER JOIN _looked_at
    ON _looked_at.function IN (
        hypotheses.params ->> '$[0].api_full_name', hypotheses.params ->> '$[1].api_full_name'
    )
WHERE _looked_at.is_rare;

DROP TABLE _looked_at;
