-- One row per hypothesis and call of F that returned: positive if it returned tensors and all of
-- them have P equal to V.
-- Reads: hypotheses, calls, call_payloads, tensor_properties.  Writes: examples.
CREATE OR REPLACE TABLE _output AS
SELECT
    hypothesis_id,
    TRY_CAST(params ->> '$[0].api_full_name' AS function_name) AS function,
    params ->> '$[1].attr_name' AS property,
    canonical(json_extract(params, '$[1].const_value')) AS value
FROM hypotheses;

-- Payloads in which every tensor has the property with the value.
CREATE OR REPLACE TABLE _output_payloads AS
WITH
tensors AS (
    SELECT
        payload_id,
        count(DISTINCT tensor_no) AS tensors
    FROM tensor_properties
    GROUP BY payload_id
)

SELECT
    found.payload_id,
    found.property,
    found.value
FROM tensor_properties AS found
INNER JOIN tensors USING (payload_id)
GROUP BY found.payload_id, found.property, found.value, tensors.tensors
HAVING count(*) = tensors.tensors;

CREATE OR REPLACE VIEW examples AS
SELECT
    stated.hypothesis_id,
    found.payload_id IS NOT NULL AS is_positive,
    1 AS weight,
    CAST(call.context_id AS VARCHAR) AS signature,
    call.trace,
    call.end_ts AS decided_ts,
    call.start_ts,
    call.process_id,
    call.event_id,
    CAST(NULL AS BIGINT) AS process_id_2,
    CAST(NULL AS BIGINT) AS event_id_2
FROM _output AS stated
INNER JOIN calls AS call USING (function)
INNER JOIN call_payloads USING (call_id)
LEFT JOIN _output_payloads AS found
    ON
        call_payloads.output_id = found.payload_id
        AND stated.property = found.property
        AND stated.value = found.value
WHERE call.outcome = 'ok';
