-- One row per argument of a call that has a plain value: no tensor or other object, nor a list of
-- them. A positional argument has a name where the trace knows the function's parameters.
CREATE OR REPLACE TABLE call_arguments AS
WITH
given AS (
    SELECT
        call.trace,
        call.process_id,
        call.event_id,
        json_extract_string(call.parameters, '$[' || argument.key || ']') AS name,
        argument.value AS typed
    FROM events AS call, json_each(call.args) AS argument
    WHERE
        call.kind = 'call'
        AND NOT list_contains(
            coalesce(json_keys(call.kwargs), []),
            coalesce(json_extract_string(call.parameters, '$[' || argument.key || ']'), '')
        )
    UNION ALL
    SELECT
        call.trace,
        call.process_id,
        call.event_id,
        argument.key AS name,
        argument.value AS typed
    FROM events AS call, json_each(call.kwargs) AS argument
    WHERE call.kind = 'call'
)

SELECT
    calls.call_id,
    calls.function,
    given.name,
    canonical_argument(given.typed) AS value
FROM given
INNER JOIN calls USING (trace, process_id, event_id)
WHERE is_plain(given.typed);

COMMENT ON TABLE call_arguments IS 'One row per argument of a call that has a plain value';
COMMENT ON COLUMN call_arguments.name IS 'NULL for a positional one whose parameter is not known';
COMMENT ON COLUMN call_arguments.value IS 'canonical JSON text {type: value}';
