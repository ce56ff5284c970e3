-- One row per type, dtype, shape or device of a result that is another one in B, and per outcome.
-- Reads: fact_differences.  Writes: result_differences.
CREATE OR REPLACE TABLE result_differences AS
SELECT
    function,
    inside,
    fact AS result,
    a,
    b,
    first_step,
    differing,
    compared,
    value_pairs,
    processes,
    row_number() OVER (
        ORDER BY
            fact <> 'outcome', value_pairs > 1, first_step NULLS FIRST, first_event,
            function, inside, fact, a, b
    ) AS place
FROM fact_differences
WHERE
    side = 'output'
    AND (is_type OR regexp_matches(fact, '\.(dtype|shape|device)$'));
