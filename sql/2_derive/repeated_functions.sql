-- One row per function that Lead and Cover leave out because it is called again and again.
-- Reads: functions, function_repeats.  Writes: repeated_functions.  Settings: max_repeats.
CREATE OR REPLACE VIEW repeated_functions AS
SELECT
    function,
    function_repeats.repeats
FROM functions
INNER JOIN function_repeats USING (function)
WHERE NOT functions.is_skipped AND function_repeats.repeats > getvariable('max_repeats');

COMMENT ON VIEW repeated_functions IS
'One row per function that Lead and Cover leave out because it is called again and again';
