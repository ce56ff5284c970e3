-- One row per property P of the i-th tensor passed to F that once equalled Q of the j-th returned.
-- Reads: call_payloads, tensor_leaves, functions.  Writes: candidates.  Settings: all_hypotheses.
CREATE OR REPLACE TABLE candidates AS
WITH passed AS (
    SELECT DISTINCT
        function,
        input_id,
        output_id
    FROM call_payloads
    INNER JOIN functions USING (function)
    WHERE outcome = 'ok' AND NOT functions.is_skipped
)

SELECT DISTINCT
    passed.function,
    given.tensor_no AS input_no,
    given.path AS input_path,
    returned.tensor_no AS output_no,
    returned.path AS output_path
FROM passed
INNER JOIN tensor_leaves AS given ON passed.input_id = given.payload_id
INNER JOIN tensor_leaves AS returned
    ON
        passed.output_id = returned.payload_id
        AND given.kind = returned.kind
        AND given.value = returned.value
WHERE
    is_telling(given.property)
    AND is_telling(returned.property)
    AND NOT is_address(given.property)
    AND NOT is_address(returned.property)
    AND (given.kind <> 'bool' OR given.property = returned.property)
    AND (given.kind <> 'null' OR getvariable('all_hypotheses'));
