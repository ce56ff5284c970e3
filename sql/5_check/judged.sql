-- One row per hypothesis and trace: the examples whose precondition holds, and how many violate.
-- Reads: examples, accepted_signatures.  Writes: judged.
CREATE OR REPLACE TABLE judged AS
SELECT
    examples.hypothesis_id,
    examples.trace,
    count(*) AS examples,
    count(*) FILTER (WHERE NOT examples.is_positive) AS violations
FROM examples
INNER JOIN accepted_signatures USING (hypothesis_id, signature)
GROUP BY examples.hypothesis_id, examples.trace;

COMMENT ON TABLE judged IS 'One row per hypothesis and trace: how many examples were judged';
COMMENT ON COLUMN judged.examples IS 'examples whose precondition holds';
COMMENT ON COLUMN judged.violations IS 'negative ones among them';
