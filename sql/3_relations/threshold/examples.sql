-- One row per hypothesis and call of F that returned and has both numbers: positive if the first one
-- of the hypothesis is not the smaller.
-- Reads: hypotheses, calls, call_payloads, call_arguments, tensor_leaves.  Writes: examples.
CREATE OR REPLACE TABLE _threshold AS
SELECT
    hypothesis_id,
    TRY_CAST(params ->> '$[1].api_full_name' AS function_name) AS function,
    params ->> '$[0].is_input' = 'true' AS is_max,
    if(is_max, params ->> '$[0].name', params ->> '$[2].name') AS name,
    CAST(if(is_max, params ->> '$[2].index', params ->> '$[0].index') AS BIGINT) AS output_no,
    CAST(if(
        is_max, json_extract(params, '$[2].additional_path'),
        json_extract(params, '$[0].additional_path')
    ) AS VARCHAR) AS output_path
FROM hypotheses;

CREATE OR REPLACE VIEW examples AS
WITH judged AS (
    SELECT
        stated.hypothesis_id,
        stated.is_max,
        call.*,
        TRY_CAST(json_extract_string(CAST(argument.value AS JSON), '$.*')[1] AS DOUBLE) AS bound,
        TRY_CAST(returned.value AS DOUBLE) AS returned_value
    FROM _threshold AS stated
    INNER JOIN calls AS call USING (function)
    INNER JOIN call_payloads USING (call_id)
    INNER JOIN call_arguments AS argument
        ON call.call_id = argument.call_id AND stated.name = argument.name
    INNER JOIN tensor_leaves AS returned
        ON
            call_payloads.output_id = returned.payload_id
            AND stated.output_no = returned.tensor_no
            AND stated.output_path = CAST(returned.path AS VARCHAR)
    WHERE
        call.outcome = 'ok'
        AND returned.kind = 'number'
        AND json_keys(CAST(argument.value AS JSON))[1] IN ('int', 'float')
)

SELECT
    hypothesis_id,
    if(is_max, returned_value <= bound, returned_value >= bound) AS is_positive,
    1 AS weight,
    CAST(context_id AS VARCHAR) AS signature,
    trace,
    end_ts AS decided_ts,
    start_ts,
    process_id,
    event_id,
    CAST(NULL AS BIGINT) AS process_id_2,
    CAST(NULL AS BIGINT) AS event_id_2
FROM judged
WHERE bound IS NOT NULL AND returned_value IS NOT NULL;
