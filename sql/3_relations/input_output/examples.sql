-- One row per hypothesis and call of F that returned and has both values: positive if they are equal.
-- Reads: hypotheses, calls, call_payloads, tensor_leaves.  Writes: examples.
CREATE OR REPLACE TABLE _input_output AS
SELECT
    hypothesis_id,
    TRY_CAST(params ->> '$[1].api_full_name' AS function_name) AS function,
    CAST(params ->> '$[0].index' AS BIGINT) AS input_no,
    CAST(json_extract(params, '$[0].additional_path') AS VARCHAR) AS input_path,
    CAST(params ->> '$[2].index' AS BIGINT) AS output_no,
    CAST(json_extract(params, '$[2].additional_path') AS VARCHAR) AS output_path
FROM hypotheses;

-- One row per hypothesis and different pair of arguments and result.
CREATE OR REPLACE TABLE _compared_payloads AS
WITH passed AS (
    SELECT DISTINCT
        function,
        input_id,
        output_id
    FROM call_payloads
    WHERE outcome = 'ok'
)

SELECT
    stated.hypothesis_id,
    passed.input_id,
    passed.output_id,
    given.kind = returned.kind AND given.value = returned.value AS is_equal
FROM _input_output AS stated
INNER JOIN passed USING (function)
INNER JOIN tensor_leaves AS given
    ON
        passed.input_id = given.payload_id
        AND stated.input_no = given.tensor_no
        AND stated.input_path = CAST(given.path AS VARCHAR)
INNER JOIN tensor_leaves AS returned
    ON
        passed.output_id = returned.payload_id
        AND stated.output_no = returned.tensor_no
        AND stated.output_path = CAST(returned.path AS VARCHAR);

CREATE OR REPLACE VIEW examples AS
SELECT
    stated.hypothesis_id,
    compared.is_equal AS is_positive,
    1 AS weight,
    CAST(call.context_id AS VARCHAR) AS signature,
    call.trace,
    call.end_ts AS decided_ts,
    call.start_ts,
    call.process_id,
    call.event_id,
    CAST(NULL AS BIGINT) AS process_id_2,
    CAST(NULL AS BIGINT) AS event_id_2
FROM _input_output AS stated
INNER JOIN calls AS call USING (function)
INNER JOIN call_payloads USING (call_id)
INNER JOIN _compared_payloads AS compared
    ON
        stated.hypothesis_id = compared.hypothesis_id
        AND call_payloads.input_id = compared.input_id
        AND call_payloads.output_id = compared.output_id
WHERE call.outcome = 'ok';
