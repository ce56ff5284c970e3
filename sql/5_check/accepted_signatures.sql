-- One row per hypothesis and signature that satisfies its precondition.
-- Reads: accepted_classes, example_signatures, signature_classes.  Writes: accepted_signatures.
CREATE OR REPLACE TABLE accepted_signatures AS
SELECT DISTINCT
    found.hypothesis_id,
    found.signature
FROM example_signatures AS found
INNER JOIN signature_classes AS classes USING (signature)
INNER JOIN accepted_classes AS accepted
    ON found.hypothesis_id = accepted.hypothesis_id AND classes.class = accepted.class;

COMMENT ON TABLE accepted_signatures IS
'One row per hypothesis and signature that satisfies its precondition';
