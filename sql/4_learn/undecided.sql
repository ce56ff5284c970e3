-- One row per hypothesis and class of signatures that the learner must look at: hypotheses with enough
-- positive and some negative examples; and those about pairs, which may be of one process all.
-- Reads: example_counts, classed_examples.  Writes: undecided.  Settings: min_support, all_hypotheses.
CREATE OR REPLACE TABLE undecided AS
SELECT
    found.hypothesis_id,
    found.is_pair,
    found.class,
    CAST(sum(found.positive) AS BIGINT) AS positive,
    CAST(sum(found.negative) AS BIGINT) AS negative,
    bool_or(found.positive > 0 AND found.negative > 0) AS is_mixed
FROM classed_examples AS found
INNER JOIN example_counts AS counts USING (hypothesis_id)
WHERE
    counts.positive >= getvariable('min_support')
    AND (counts.negative > 0 OR (found.is_pair AND NOT getvariable('all_hypotheses')))
GROUP BY found.hypothesis_id, found.is_pair, found.class;

COMMENT ON TABLE undecided IS
'One row per hypothesis and class of signatures that the learner must look at';
COMMENT ON COLUMN undecided.is_mixed IS
'some of its positive and negative examples are not even told apart by step numbers';
