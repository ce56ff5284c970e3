-- One row per hypothesis: its positive and negative examples.
-- Reads: hypotheses, classed_examples.  Writes: example_counts.
CREATE OR REPLACE TABLE example_counts AS
SELECT
    hypotheses.hypothesis_id,
    CAST(coalesce(sum(found.positive), 0) AS BIGINT) AS positive,
    CAST(coalesce(sum(found.negative), 0) AS BIGINT) AS negative
FROM hypotheses
LEFT JOIN classed_examples AS found USING (hypothesis_id)
GROUP BY hypotheses.hypothesis_id;

COMMENT ON TABLE example_counts IS 'One row per hypothesis: its positive and negative examples';
