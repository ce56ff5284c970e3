-- One row per hypothesis and trace: the examples whose precondition holds, and how many violate.
-- Reads: example_signatures, accepted_signatures.  Writes: judged (more rows).
INSERT INTO judged BY NAME
SELECT
    found.hypothesis_id,
    found.trace,
    CAST(sum(found.examples) AS BIGINT) AS examples,
    CAST(coalesce(sum(found.examples) FILTER (WHERE NOT found.is_positive), 0) AS BIGINT)
        AS violations
FROM example_signatures AS found
INNER JOIN accepted_signatures USING (hypothesis_id, signature)
GROUP BY found.hypothesis_id, found.trace;
