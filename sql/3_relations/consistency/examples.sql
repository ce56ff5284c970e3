-- One row per hypothesis and pair of overlapping runs of two variables: positive if equal.
-- The records of an example are the first observations of the two runs.
-- Reads: hypotheses, compared_runs, run_slices, state_fields, events.  Writes: examples,
-- pair_fields, pair_values.
CREATE OR REPLACE TABLE _consistency AS
SELECT
    hypothesis_id,
    params ->> '$[0].var_type' AS variable_type,
    params ->> '$[0].attr_name' AS attribute,
    params ->> '$[1].var_type' AS variable_type_2,
    params ->> '$[1].attr_name' AS attribute_2,
    params ->> '$[0].var_type' = params ->> '$[1].var_type'
    AND params ->> '$[0].attr_name' = params ->> '$[1].attr_name' AS is_symmetric
FROM hypotheses;

-- One row per value that a field of a first observation has.
CREATE OR REPLACE TEMP TABLE _field_values AS
WITH
wanted AS (
    SELECT DISTINCT
        run.trace,
        run.process_id,
        run.event_id
    FROM compared_runs AS run
    INNER JOIN _consistency AS stated
        ON
            (run.variable_type = stated.variable_type AND run.attribute = stated.attribute)
            OR (run.variable_type = stated.variable_type_2 AND run.attribute = stated.attribute_2)
),

record AS (
    SELECT state.*
    FROM events AS state
    INNER JOIN wanted USING (trace, process_id, event_id)
),

value AS (
    SELECT
        record.trace,
        record.process_id,
        record.event_id,
        'attributes.' || attribute.key AS field,
        canonical(attribute.value) AS value
    FROM record, json_each(record.attributes) AS attribute
    WHERE attribute.type NOT IN ('OBJECT', 'ARRAY')
    UNION ALL
    SELECT
        record.trace,
        record.process_id,
        record.event_id,
        'meta_vars.' || annotation.key AS field,
        canonical(annotation.value) AS value
    FROM record, json_each(record.meta) AS annotation
    WHERE annotation.type NOT IN ('OBJECT', 'ARRAY')
    UNION ALL
    SELECT
        record.trace,
        record.process_id,
        record.event_id,
        unnest(['process_id', 'thread_id', 'var_name', 'var_type', 'meta_vars.step', 'meta_vars.stage'])
            AS field,
        unnest([
            CAST(record.process_id AS VARCHAR),
            CAST(record.thread_id AS VARCHAR),
            CAST(to_json(record.variable) AS VARCHAR),
            CAST(to_json(record.variable_type) AS VARCHAR),
            CAST(record.step AS VARCHAR),
            CAST(to_json(coalesce(record.stage, if(bounds.has_stages, 'init', NULL))) AS VARCHAR)
        ]) AS value
    FROM record
    INNER JOIN trace_bounds AS bounds USING (trace)
)

SELECT
    value.trace,
    value.process_id,
    value.event_id,
    state_fields.field_no,
    value.value
FROM value
INNER JOIN state_fields USING (field);

-- What the numbers in a signature stand for: fields by their place, values by their number.
CREATE OR REPLACE TABLE pair_fields AS FROM state_fields;

-- One row per value: a number to compare it by. 0 is null.
CREATE OR REPLACE TABLE pair_values AS
SELECT
    row_number() OVER (ORDER BY value) AS value_no,
    value
FROM (SELECT DISTINCT value FROM _field_values)
WHERE value <> 'null'
UNION ALL
SELECT
    0 AS value_no,
    'null' AS value;

-- One row per first observation: the numbers of its values in the order of state_fields, -3 for a
-- field that it lacks.
CREATE OR REPLACE TABLE _run_fields AS
SELECT
    record.trace,
    record.process_id,
    record.event_id,
    list(CAST(coalesce(pair_values.value_no, -3) AS INTEGER) ORDER BY state_fields.field_no)
        AS fields
FROM (
    SELECT DISTINCT
        trace,
        process_id,
        event_id
    FROM compared_runs
) AS record
CROSS JOIN state_fields
LEFT JOIN _field_values AS value
    ON
        record.trace = value.trace
        AND record.process_id = value.process_id
        AND record.event_id = value.event_id
        AND state_fields.field_no = value.field_no
LEFT JOIN pair_values ON value.value = pair_values.value
GROUP BY record.trace, record.process_id, record.event_id;

DROP TABLE _field_values;

CREATE OR REPLACE VIEW examples AS
WITH
pair AS (
    SELECT
        stated.hypothesis_id,
        a.run_id,
        b.run_id AS run_id_2
    FROM _consistency AS stated
    INNER JOIN run_slices AS a
        ON stated.variable_type = a.variable_type AND stated.attribute = a.attribute
    INNER JOIN run_slices AS b
        ON
            stated.variable_type_2 = b.variable_type
            AND stated.attribute_2 = b.attribute
            AND a.trace = b.trace
            AND a.slice = b.slice
    WHERE
        a.variable_no <> b.variable_no
        AND (NOT stated.is_symmetric OR a.variable_no < b.variable_no)
        AND a.slice = greatest(a.first_slice, b.first_slice)
        AND overlap(a.from_ts, a.to_ts, b.from_ts, b.to_ts) > getvariable('min_overlap')
)

SELECT
    pair.hypothesis_id,
    a.value = b.value AS is_positive,
    1 AS weight,
    -- Per field the number of the common value; -1 where they differ, -2 where they differ and one
    -- is null, -3 where a record lacks the field.
    CAST(list_transform(
        range(1, len(fields_1.fields) + 1), lambda i: CASE
            WHEN fields_1.fields[i] = -3 OR fields_2.fields[i] = -3 THEN -3
            WHEN fields_1.fields[i] = fields_2.fields[i] THEN fields_1.fields[i]
            WHEN fields_1.fields[i] = 0 OR fields_2.fields[i] = 0 THEN -2
            ELSE -1
        END
    ) AS VARCHAR) AS signature,
    a.trace,
    greatest(a.from_ts, b.from_ts) AS decided_ts,
    least(a.from_ts, b.from_ts) AS start_ts,
    a.process_id,
    a.event_id,
    b.process_id AS process_id_2,
    b.event_id AS event_id_2
FROM pair
INNER JOIN compared_runs AS a USING (run_id)
INNER JOIN compared_runs AS b ON pair.run_id_2 = b.run_id
INNER JOIN _run_fields AS fields_1
    ON
        a.trace = fields_1.trace
        AND a.process_id = fields_1.process_id
        AND a.event_id = fields_1.event_id
INNER JOIN _run_fields AS fields_2
    ON
        b.trace = fields_2.trace
        AND b.process_id = fields_2.process_id
        AND b.event_id = fields_2.event_id;
