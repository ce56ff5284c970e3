-- One row per violation: a negative example whose precondition holds.
-- Reads: examples, example_signatures, accepted_signatures.  Writes: violations (more rows).
INSERT INTO violations BY NAME
WITH violated AS (
    SELECT DISTINCT
        hypothesis_id,
        signature
    FROM example_signatures
    INNER JOIN accepted_signatures USING (hypothesis_id, signature)
    WHERE NOT is_positive
)

SELECT examples.* EXCLUDE (is_positive, signature)
FROM examples
INNER JOIN violated USING (hypothesis_id, signature)
WHERE NOT examples.is_positive;
