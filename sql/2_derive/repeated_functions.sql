-- One row per function that Lead and Cover leave out because it is called again and again.
-- Reads: functions, function_repeats.  Writes: repeated_functions.  Settings: max_repeats.
CREATE OR REPLACE VIEW repeated_functions AS
SELECT
    to_json([json_object('param_type', 'APIParam', 'api_full_name', function)]) AS params,
    'max_repeats' AS budget,
    CAST(getvariable('max_repeats') AS BIGINT) AS allowed,
    repeats AS found
FROM function_repeats
INNER JOIN functions USING (function)
WHERE NOT functions.is_skipped AND repeats > getvariable('max_repeats');

COMMENT ON VIEW repeated_functions IS
'One row per function that Lead and Cover leave out: what they write into left_out';
