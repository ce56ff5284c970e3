-- One row per trace and two functions of violated invariants, of which one runs inside the other.
-- Reads: contained_calls, calls.  Writes: nested_functions.  Settings: violated_functions.
CREATE OR REPLACE TABLE nested_functions AS
WITH violated AS (
    SELECT unnest(getvariable('violated_functions')) AS function
)

SELECT DISTINCT
    call.trace,
    contained.function,
    contained.child
FROM contained_calls AS contained
INNER JOIN calls AS call USING (call_id)
WHERE
    contained.function IN (SELECT violated.function FROM violated)
    AND contained.child IN (SELECT violated.function FROM violated);

COMMENT ON TABLE nested_functions IS
'One row per trace and two functions of violated invariants, of which one runs inside the other';
COMMENT ON COLUMN nested_functions.child IS 'function that runs, and returns, inside the other';
