-- One row per call and function that is called, and returns, somewhere inside it.
CREATE OR REPLACE TABLE contained_calls AS
WITH RECURSIVE
inside AS (
    SELECT
        parent_id AS call_id,
        function AS child
    FROM calls
    WHERE parent_id IS NOT NULL AND outcome = 'ok'
    UNION
    SELECT
        call.parent_id AS call_id,
        inside.child
    FROM inside
    INNER JOIN calls AS call USING (call_id)
    WHERE call.parent_id IS NOT NULL
)

SELECT
    inside.call_id,
    call.function,
    call.outcome,
    inside.child
FROM inside
INNER JOIN calls AS call USING (call_id);

COMMENT ON TABLE contained_calls IS 'One row per call and function that returns inside it';
COMMENT ON COLUMN contained_calls.function IS 'function of the call';
COMMENT ON COLUMN contained_calls.outcome IS 'outcome of the call';
COMMENT ON COLUMN contained_calls.child IS 'function called inside it, at any depth';
