-- One row per A and B that are called one after the other; per function, how often it is called; and per
-- function and function that calls it.
-- Reads: ordered_pairs, functions, function_repeats, function_callers.
-- Writes: candidates, candidate_functions, candidate_callers.
CREATE OR REPLACE TABLE candidates AS
FROM ordered_pairs;

CREATE OR REPLACE TABLE candidate_functions AS
SELECT function_repeats.*
FROM function_repeats
INNER JOIN functions USING (function)
WHERE NOT functions.is_skipped;

CREATE OR REPLACE TABLE candidate_callers AS
FROM function_callers;
