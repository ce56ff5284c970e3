-- One row per hypothesis, polarity and signature that the learner must look at: hypotheses with
-- enough positive and some negative examples.
CREATE OR REPLACE TABLE undecided AS
WITH
candidate AS (
    SELECT hypothesis_id
    FROM example_counts
    WHERE positive >= getvariable('min_support') AND negative > 0
)

SELECT
    found.hypothesis_id,
    found.is_positive,
    found.signature,
    CAST(sum(found.examples) AS BIGINT) AS examples
FROM example_signatures AS found
INNER JOIN candidate USING (hypothesis_id)
GROUP BY found.hypothesis_id, found.is_positive, found.signature;

COMMENT ON TABLE undecided IS 'One row per hypothesis and signature that the learner must look at';
