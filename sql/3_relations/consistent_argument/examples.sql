-- One row per hypothesis, step, number k and pair of processes: positive if both passed the same
-- argument to their k-th call of F in the step. A call counts whether or not it ever returned.
-- Reads: hypotheses, numbered_arguments, calls, context_vectors.
-- Writes: examples, pair_fields, pair_values.
CREATE OR REPLACE TABLE pair_fields AS FROM context_fields;
CREATE OR REPLACE TABLE pair_values AS FROM context_values;

CREATE OR REPLACE VIEW examples AS
SELECT
    stated.hypothesis_id,
    a.value = b.value AS is_positive,
    1 AS weight,
    pair_signature(fields.fields, fields_2.fields) AS signature,
    a.trace,
    greatest(call.start_ts, call_2.start_ts) AS decided_ts,
    least(call.start_ts, call_2.start_ts) AS start_ts,
    call.process_id,
    call.event_id,
    call_2.process_id AS process_id_2,
    call_2.event_id AS event_id_2
FROM hypotheses AS stated
INNER JOIN numbered_arguments AS a
    ON
        TRY_CAST(stated.params ->> '$[0].api_full_name' AS function_name) = a.function
        AND stated.params ->> '$[1].name' = a.name
INNER JOIN numbered_arguments AS b
    ON
        a.trace = b.trace
        AND a.step IS NOT DISTINCT FROM b.step
        AND a.function = b.function
        AND a.nth = b.nth
        AND a.name = b.name
        AND a.process_id < b.process_id
INNER JOIN calls AS call ON a.call_id = call.call_id
INNER JOIN calls AS call_2 ON b.call_id = call_2.call_id
INNER JOIN context_vectors AS fields ON call.context_id = fields.context_id
INNER JOIN context_vectors AS fields_2 ON call_2.context_id = fields_2.context_id;
