-- One row per hypothesis and class of signatures that the learner must look at: hypotheses with enough
-- positive and some negative examples.
-- Reads: example_counts, example_signatures, signature_classes.
-- Writes: classed_examples, undecided.  Settings: min_support.
CREATE OR REPLACE TABLE classed_examples AS
WITH candidate AS (
    SELECT hypothesis_id
    FROM example_counts
    WHERE positive >= getvariable('min_support') AND negative > 0
)

SELECT
    found.hypothesis_id,
    classes.is_pair,
    classes.class,
    classes.position_class,
    CAST(coalesce(sum(found.examples) FILTER (WHERE found.is_positive), 0) AS BIGINT) AS positive,
    CAST(coalesce(sum(found.examples) FILTER (WHERE NOT found.is_positive), 0) AS BIGINT)
        AS negative
FROM example_signatures AS found
INNER JOIN candidate USING (hypothesis_id)
INNER JOIN signature_classes AS classes USING (signature)
GROUP BY found.hypothesis_id, classes.is_pair, classes.class, classes.position_class;

CREATE OR REPLACE TABLE undecided AS
SELECT
    hypothesis_id,
    is_pair,
    class,
    CAST(sum(positive) AS BIGINT) AS positive,
    CAST(sum(negative) AS BIGINT) AS negative,
    bool_or(positive > 0 AND negative > 0) AS is_mixed
FROM classed_examples
GROUP BY hypothesis_id, is_pair, class;

COMMENT ON TABLE classed_examples IS
'One row per hypothesis and class of signatures, step numbers told apart';
COMMENT ON TABLE undecided IS
'One row per hypothesis and class of signatures that the learner must look at';
COMMENT ON COLUMN undecided.is_mixed IS
'some of its positive and negative examples are not even told apart by step numbers';
