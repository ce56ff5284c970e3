-- One row per hypothesis: its positive and negative examples.
CREATE OR REPLACE TABLE example_counts AS
SELECT
    hypotheses.hypothesis_id,
    CAST(coalesce(sum(found.examples) FILTER (WHERE found.is_positive), 0) AS BIGINT) AS positive,
    CAST(coalesce(sum(found.examples) FILTER (WHERE NOT found.is_positive), 0) AS BIGINT) AS negative
FROM hypotheses
LEFT JOIN example_signatures AS found USING (hypothesis_id)
GROUP BY hypotheses.hypothesis_id;

COMMENT ON TABLE example_counts IS 'One row per hypothesis: its positive and negative examples';
