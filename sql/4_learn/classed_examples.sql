-- One row per hypothesis and class of signatures, step numbers told apart.
-- Reads: example_signatures, signature_classes.  Writes: classed_examples.
CREATE OR REPLACE TABLE classed_examples AS
SELECT
    found.hypothesis_id,
    classes.is_pair,
    classes.class,
    classes.position_class,
    CAST(coalesce(sum(found.examples) FILTER (WHERE found.is_positive), 0) AS BIGINT) AS positive,
    CAST(coalesce(sum(found.examples) FILTER (WHERE NOT found.is_positive), 0) AS BIGINT)
        AS negative
FROM example_signatures AS found
INNER JOIN signature_classes AS classes USING (signature)
GROUP BY found.hypothesis_id, classes.is_pair, classes.class, classes.position_class;

COMMENT ON TABLE classed_examples IS
'One row per hypothesis and class of signatures, step numbers told apart';
COMMENT ON COLUMN classed_examples.positive IS 'positive examples with such a signature';
COMMENT ON COLUMN classed_examples.negative IS 'negative ones';
