-- One row per trace and function that it calls, of those that invariants name.
-- Reads: events.  Writes: called_functions.  Settings: asked_functions.
CREATE OR REPLACE TABLE called_functions AS
SELECT DISTINCT
    trace,
    function
FROM events
WHERE list_contains(getvariable('asked_functions'), function);

COMMENT ON TABLE called_functions IS
'One row per trace and function that it calls, of those that invariants name';
