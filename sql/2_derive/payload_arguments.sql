-- One row per argument of a payload that has a plain value: no tensor or other object, nor a list of
-- them. A positional argument has a name where the trace knows the function's parameters.
-- Reads: payloads.  Writes: payload_arguments.
CREATE OR REPLACE TABLE payload_arguments AS
WITH
by_place AS (
    SELECT
        payload_id,
        parameters,
        kwargs,
        unnest(json_keys(args)) AS place,
        unnest(json_values(args)) AS typed
    FROM payloads
),

given AS (
    SELECT
        payload_id,
        place,
        json_extract_string(parameters, '$[' || place || ']') AS name,
        NOT list_contains(coalesce(json_keys(kwargs), []), coalesce(name, '')) AS is_in_force,
        typed
    FROM by_place
    UNION ALL
    SELECT
        payload_id,
        unnest(json_keys(kwargs)) AS place,
        place AS name,
        true AS is_in_force,
        unnest(json_values(kwargs)) AS typed
    FROM payloads
)

SELECT
    payload_id,
    place,
    name,
    is_in_force,
    canonical_argument(typed) AS value
FROM given
WHERE is_plain(typed);

COMMENT ON TABLE payload_arguments IS 'One row per argument of a payload that has a plain value';
COMMENT ON COLUMN payload_arguments.payload_id IS 'number of the payload';
COMMENT ON COLUMN payload_arguments.place IS 'position, from "0", or keyword';
COMMENT ON COLUMN payload_arguments.name IS 'NULL for a positional one whose parameter is not known';
COMMENT ON COLUMN payload_arguments.is_in_force IS
'false for a positional one whose name is also that of a keyword';
COMMENT ON COLUMN payload_arguments.value IS 'canonical JSON text {type: value}';
