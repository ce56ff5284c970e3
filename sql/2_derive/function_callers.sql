-- One row per function and function that some call of it stands directly inside; NULL for none.
-- Reads: calls.  Writes: function_callers.
CREATE OR REPLACE TABLE function_callers AS
SELECT DISTINCT
    called.function,
    around.function AS caller
FROM calls AS called
LEFT JOIN calls AS around ON called.parent_id = around.call_id;

COMMENT ON TABLE function_callers IS 'One row per function and function that calls it';
COMMENT ON COLUMN function_callers.caller IS
'function of the innermost call around a call of it; NULL where there is none';
