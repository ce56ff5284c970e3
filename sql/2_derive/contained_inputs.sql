-- One row per call, function that is called, and returns, somewhere inside it, and what it was given.
-- Reads: calls, call_payloads.  Writes: contained_inputs.
CREATE OR REPLACE TABLE contained_inputs AS
WITH RECURSIVE
inside AS (
    SELECT DISTINCT
        call.parent_id AS call_id,
        call.function AS child,
        passed.input_id
    FROM calls AS call
    INNER JOIN call_payloads AS passed USING (call_id)
    WHERE call.parent_id IS NOT NULL AND call.outcome = 'ok'
    UNION
    SELECT
        call.parent_id AS call_id,
        inside.child,
        inside.input_id
    FROM inside
    INNER JOIN calls AS call USING (call_id)
    WHERE call.parent_id IS NOT NULL
)

SELECT
    inside.call_id,
    call.function,
    call.stage,
    call.outcome,
    inside.child,
    inside.input_id
FROM inside
INNER JOIN calls AS call USING (call_id);

COMMENT ON TABLE contained_inputs IS
'One row per call, function that returns inside it, and what it was given';
COMMENT ON COLUMN contained_inputs.function IS 'function of the call';
COMMENT ON COLUMN contained_inputs.stage IS 'stage of the call';
COMMENT ON COLUMN contained_inputs.outcome IS 'outcome of the call';
COMMENT ON COLUMN contained_inputs.child IS 'function called inside it, at any depth';
COMMENT ON COLUMN contained_inputs.input_id IS 'payload_id of what it was given';
