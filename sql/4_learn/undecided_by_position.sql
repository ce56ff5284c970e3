-- One row per hypothesis and class of signatures, step numbers told apart: where these may decide.
-- A hypothesis that holds in some stages only may be decided in one and not in another.
-- Reads: classed_examples, undecided.  Writes: undecided_by_position.  Settings: by_stage.
CREATE OR REPLACE TABLE undecided_by_position AS
WITH mixed AS (
    SELECT
        hypothesis_id,
        class
    FROM undecided
    WHERE is_mixed
)

SELECT
    hypothesis_id,
    is_pair,
    position_class,
    positive,
    negative
FROM classed_examples
WHERE
    hypothesis_id IN (SELECT hypothesis_id FROM undecided)
    AND (hypothesis_id, class) NOT IN (SELECT (hypothesis_id, class) FROM mixed)
    AND (getvariable('by_stage') OR hypothesis_id NOT IN (SELECT hypothesis_id FROM mixed));

COMMENT ON TABLE undecided_by_position IS
'One row per hypothesis and class of signatures, step numbers told apart';
