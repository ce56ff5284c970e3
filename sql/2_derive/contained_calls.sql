-- One row per call and function that is called, and returns, somewhere inside it.
-- Reads: contained_inputs.  Writes: contained_calls.
CREATE OR REPLACE TABLE contained_calls AS
SELECT DISTINCT
    call_id,
    function,
    outcome,
    child
FROM contained_inputs;

COMMENT ON TABLE contained_calls IS 'One row per call and function that returns inside it';
COMMENT ON COLUMN contained_calls.function IS 'function of the call';
COMMENT ON COLUMN contained_calls.outcome IS 'outcome of the call';
COMMENT ON COLUMN contained_calls.child IS 'function called inside it, at any depth';
