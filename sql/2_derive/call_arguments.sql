-- One row per argument of a call that has a plain value: no tensor or other object, nor a list of
-- them. A positional argument has a name where the trace knows the function's parameters.
-- Reads: call_payloads, payload_arguments.  Writes: call_arguments.
CREATE OR REPLACE VIEW call_arguments AS
SELECT
    passed.call_id,
    passed.function,
    argument.name,
    argument.value
FROM call_payloads AS passed
INNER JOIN payload_arguments AS argument ON passed.input_id = argument.payload_id
WHERE argument.is_in_force;

COMMENT ON VIEW call_arguments IS 'One row per argument of a call that has a plain value';
COMMENT ON COLUMN call_arguments.name IS 'NULL for a positional one whose parameter is not known';
COMMENT ON COLUMN call_arguments.value IS 'canonical JSON text {type: value}';
