-- One row per hypothesis, step and pair of groups of calls of F that were given the same arguments in
-- the same context: positive if the arguments of the two groups differ. Its weight is the number of
-- pairs of calls; its records are the first of them.
-- Reads: hypotheses, calls, call_payloads, argument_leaves, context_vectors.
-- Writes: examples, pair_fields, pair_values.  Settings: min_shared_integers.
CREATE OR REPLACE TABLE pair_fields AS FROM context_fields;
CREATE OR REPLACE TABLE pair_values AS FROM context_values;

CREATE OR REPLACE TABLE _argument_groups AS
SELECT
    stated.hypothesis_id,
    call.trace,
    call.step,
    call.context_id,
    passed.input_id,
    count(*) AS calls,
    min_by(call.call_id, (call.start_ts, call.call_id)) AS first_call_id,
    min_by(call.call_id, (call.start_ts, call.call_id), 2)[2] AS second_call_id
FROM hypotheses AS stated
INNER JOIN call_payloads AS passed ON TRY_CAST(stated.params ->> '$[0].api_full_name' AS function_name) = passed.function
INNER JOIN calls AS call USING (call_id)
WHERE passed.has_input
GROUP BY ALL;

-- Different payloads of one step that count as the same arguments.
CREATE OR REPLACE TABLE _same_arguments AS
WITH
met AS (
    SELECT DISTINCT
        a.input_id AS input_id,
        b.input_id AS input_id_2
    FROM _argument_groups AS a
    INNER JOIN _argument_groups AS b
        ON
            a.hypothesis_id = b.hypothesis_id
            AND a.trace = b.trace
            AND a.step IS NOT DISTINCT FROM b.step
            AND a.input_id < b.input_id
),

leaves AS (
    SELECT
        payload_id,
        count(*) AS leaves
    FROM argument_leaves
    GROUP BY payload_id
),

agreed AS (
    SELECT
        met.input_id,
        met.input_id_2,
        count(*) AS leaves
    FROM met
    INNER JOIN argument_leaves AS a ON met.input_id = a.payload_id
    INNER JOIN argument_leaves AS b
        ON met.input_id_2 = b.payload_id AND a.path = b.path AND a.kind = b.kind
    WHERE
        CASE
            WHEN a.kind = 'integers' THEN
                (len(a.integers) = 0 AND len(b.integers) = 0)
                OR len(list_intersect(a.integers, b.integers))
                / nullif(len(list_distinct(list_concat(a.integers, b.integers))), 0)
                >= getvariable('min_shared_integers')
            WHEN a.value = b.value THEN true
            WHEN a.kind = 'value' AND is_number(a.value) AND is_number(b.value)
                THEN abs(CAST(a.value AS DOUBLE) - CAST(b.value AS DOUBLE)) <= 1e-8
            ELSE false
        END
    GROUP BY met.input_id, met.input_id_2
)

SELECT
    agreed.input_id,
    agreed.input_id_2
FROM agreed
INNER JOIN leaves AS a ON agreed.input_id = a.payload_id
INNER JOIN leaves AS b ON agreed.input_id_2 = b.payload_id
WHERE agreed.leaves = a.leaves AND agreed.leaves = b.leaves;

CREATE OR REPLACE VIEW examples AS
WITH
pair AS (
    SELECT
        hypothesis_id,
        trace,
        context_id,
        context_id AS context_id_2,
        first_call_id AS call_id,
        second_call_id AS call_id_2,
        false AS is_positive,
        calls * (calls - 1) // 2 AS weight
    FROM _argument_groups
    WHERE calls > 1
    UNION ALL
    SELECT
        a.hypothesis_id,
        a.trace,
        a.context_id,
        b.context_id AS context_id_2,
        a.first_call_id AS call_id,
        b.first_call_id AS call_id_2,
        a.input_id <> b.input_id AND same.input_id IS NULL AS is_positive,
        a.calls * b.calls AS weight
    FROM _argument_groups AS a
    INNER JOIN _argument_groups AS b
        ON
            a.hypothesis_id = b.hypothesis_id
            AND a.trace = b.trace
            AND a.step IS NOT DISTINCT FROM b.step
            AND (a.input_id, a.context_id) < (b.input_id, b.context_id)
    LEFT JOIN _same_arguments AS same
        ON a.input_id = same.input_id AND b.input_id = same.input_id_2
)

SELECT
    pair.hypothesis_id,
    pair.is_positive,
    pair.weight,
    pair_signature(fields.fields, fields_2.fields) AS signature,
    pair.trace,
    greatest(call.start_ts, call_2.start_ts) AS decided_ts,
    least(call.start_ts, call_2.start_ts) AS start_ts,
    call.process_id,
    call.event_id,
    call_2.process_id AS process_id_2,
    call_2.event_id AS event_id_2
FROM pair
INNER JOIN context_vectors AS fields USING (context_id)
INNER JOIN context_vectors AS fields_2 ON pair.context_id_2 = fields_2.context_id
INNER JOIN calls AS call USING (call_id)
INNER JOIN calls AS call_2 ON pair.call_id_2 = call_2.call_id;
