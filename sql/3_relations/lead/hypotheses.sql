-- One row per hypothesis "after every call of A, before the next call of A, B is called".
-- Reads: ordered_functions, function_pool, function_repeats, functions.
-- Writes: hypotheses, left_out.  Settings: max_repeats.
CREATE OR REPLACE TABLE hypotheses AS
WITH
pair AS (
    SELECT DISTINCT
        a.function AS first_function,
        b.function AS second_function
    FROM ordered_functions AS a
    INNER JOIN ordered_functions AS b
        ON
            a.thread_no = b.thread_no
            AND a.function <> b.function
            AND (a.first_end_ts < b.last_start_ts OR b.first_end_ts < a.last_start_ts)
    WHERE
        a.function IN (FROM function_pool)
        AND b.function IN (FROM function_pool)
)

SELECT
    row_number() OVER (ORDER BY first_function, second_function) AS hypothesis_id,
    to_json([
        json_object('param_type', 'APIParam', 'api_full_name', first_function),
        json_object('param_type', 'APIParam', 'api_full_name', second_function)
    ]) AS params
FROM pair;

CREATE OR REPLACE TABLE left_out AS
SELECT
    to_json([json_object('param_type', 'APIParam', 'api_full_name', function)]) AS params,
    'max_repeats' AS budget,
    getvariable('max_repeats') AS allowed,
    repeats AS found
FROM function_repeats
INNER JOIN functions USING (function)
WHERE NOT functions.is_skipped AND repeats > getvariable('max_repeats');
