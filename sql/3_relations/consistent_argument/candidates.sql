-- One row per function and argument that two ranks once passed alike to their k-th call of a step.
-- Reads: numbered_arguments, functions.  Writes: candidates.
CREATE OR REPLACE TABLE candidates AS
SELECT DISTINCT
    a.function,
    a.name
FROM numbered_arguments AS a
INNER JOIN numbered_arguments AS b
    ON
        a.trace = b.trace
        AND a.step IS NOT DISTINCT FROM b.step
        AND a.function = b.function
        AND a.nth = b.nth
        AND a.name = b.name
        AND a.value = b.value
        AND a.process_id < b.process_id
INNER JOIN functions ON a.function = functions.function
WHERE NOT functions.is_skipped;
