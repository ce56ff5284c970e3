-- One row per trace and function that it calls, of those that invariants name and those of training.
-- Reads: events.  Writes: called_functions.  Settings: asked_functions.
CREATE OR REPLACE TABLE called_functions AS
WITH called AS (
    SELECT DISTINCT
        trace,
        function
    FROM events
    WHERE function IS NOT NULL
)

FROM called
WHERE
    list_contains(getvariable('asked_functions'), function)
    OR regexp_matches(function, '\.(zero_grad|backward|step|train|eval)$');

COMMENT ON TABLE called_functions IS
'One row per trace and function that it calls, of those that invariants name and those of training';
