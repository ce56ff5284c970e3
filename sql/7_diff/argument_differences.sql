-- One row per argument that a function gets another value, type, dtype, shape or device of in B.
-- First come those with one value in A and one in B. Reads: fact_differences.
-- Writes: argument_differences.
CREATE OR REPLACE TABLE argument_differences AS
SELECT
    function,
    inside,
    fact AS argument,
    a,
    b,
    first_step,
    differing,
    compared,
    value_pairs,
    processes,
    row_number() OVER (
        ORDER BY
            value_pairs > 1, first_step NULLS FIRST, first_event, function, inside, fact, a, b
    ) AS place
FROM fact_differences
WHERE side = 'input';
