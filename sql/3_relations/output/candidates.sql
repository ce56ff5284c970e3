-- One row per function that returned, and whether always a tensor; and per property and value of
-- the tensors that those return that always do.
-- Reads: call_payloads, tensor_properties, functions.  Writes: candidate_functions, candidates.
-- Settings: all_hypotheses.
CREATE OR REPLACE TEMP TABLE _returned AS
SELECT DISTINCT
    function,
    output_id
FROM call_payloads
INNER JOIN functions USING (function)
WHERE outcome = 'ok' AND NOT functions.is_skipped;

CREATE OR REPLACE TABLE candidate_functions AS
SELECT
    function,
    bool_and(output_id IN (SELECT payload_id FROM tensor_properties)) AS returns_tensors
FROM _returned
GROUP BY function;

CREATE OR REPLACE TABLE candidates AS
SELECT DISTINCT
    _returned.function,
    found.property,
    found.value
FROM _returned
INNER JOIN candidate_functions AS producer USING (function)
INNER JOIN tensor_properties AS found ON _returned.output_id = found.payload_id
WHERE
    producer.returns_tensors
    AND found.json_type <> 'OBJECT'
    AND is_telling(found.property)
    AND (getvariable('all_hypotheses') OR found.property NOT IN ('ndim', 'shape'))
    AND (getvariable('all_hypotheses') OR found.value <> 'null')
    AND NOT is_address(found.property);

DROP TABLE _returned;
