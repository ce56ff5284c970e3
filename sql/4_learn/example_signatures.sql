-- One row per hypothesis, trace, polarity and distinct signature: how many such examples there are.
-- A signature stands for all that a precondition can tell about an example: the number of its
-- context, or, for a pair of records, the list of what their fields have in common.
CREATE OR REPLACE TABLE example_signatures AS
SELECT
    hypothesis_id,
    trace,
    is_positive,
    signature,
    CAST(sum(weight) AS BIGINT) AS examples
FROM examples
GROUP BY hypothesis_id, trace, is_positive, signature;

COMMENT ON TABLE example_signatures IS
'One row per hypothesis, trace, polarity and distinct signature';
