-- One row per observation of a variable that a relation may report: numbers of its values.
-- The fields are those of state_fields, in their order; -3 for one that the record lacks.
CREATE OR REPLACE TEMP TABLE _state_records AS
SELECT
    trace,
    process_id,
    event_id
FROM compared_runs
UNION
SELECT
    trace,
    process_id,
    max_by(event_id, (ts, event_id)) AS event_id
FROM var_values
GROUP BY trace, process_id, variable, variable_type, attribute;

CREATE OR REPLACE TEMP TABLE _state_values AS
WITH
record AS (
    SELECT state.*
    FROM events AS state
    INNER JOIN _state_records USING (trace, process_id, event_id)
),

value AS (
    SELECT
        record.trace,
        record.process_id,
        record.event_id,
        'attributes.' || attribute.key AS field,
        NULL AS path,
        canonical(attribute.value) AS value
    FROM record, json_each(record.attributes) AS attribute
    WHERE attribute.type NOT IN ('OBJECT', 'ARRAY')
    UNION ALL
    SELECT
        record.trace,
        record.process_id,
        record.event_id,
        unnest(['var_name', 'var_type']) AS field,
        NULL AS path,
        unnest([
            CAST(to_json(record.variable) AS VARCHAR), CAST(to_json(record.variable_type) AS VARCHAR)
        ]) AS value
    FROM record
    UNION ALL
    SELECT
        record.trace,
        record.process_id,
        record.event_id,
        features.field,
        features.path,
        features.value
    FROM record
    INNER JOIN event_contexts USING (trace, process_id, event_id)
    INNER JOIN features USING (context_id)
)

SELECT
    value.trace,
    value.process_id,
    value.event_id,
    state_fields.field_no,
    value.value
FROM value
INNER JOIN state_fields
    ON value.field = state_fields.field AND value.path IS NOT DISTINCT FROM state_fields.path;

CREATE OR REPLACE TABLE state_values AS
SELECT
    row_number() OVER (ORDER BY value) AS value_no,
    value
FROM (SELECT DISTINCT value FROM _state_values)
WHERE value <> 'null'
UNION ALL
SELECT
    0 AS value_no,
    'null' AS value;

CREATE OR REPLACE TABLE state_vectors AS
SELECT
    record.trace,
    record.process_id,
    record.event_id,
    list(CAST(coalesce(state_values.value_no, -3) AS INTEGER) ORDER BY state_fields.field_no)
        AS fields
FROM _state_records AS record
LEFT JOIN state_fields ON true
LEFT JOIN _state_values AS value
    ON
        record.trace = value.trace
        AND record.process_id = value.process_id
        AND record.event_id = value.event_id
        AND state_fields.field_no = value.field_no
LEFT JOIN state_values ON value.value = state_values.value
GROUP BY record.trace, record.process_id, record.event_id;

DROP TABLE _state_records;
DROP TABLE _state_values;
COMMENT ON TABLE state_values IS 'One row per value of a field of state_fields; 0 is null';
COMMENT ON TABLE state_vectors IS 'One row per observation that a relation may report';
COMMENT ON COLUMN state_vectors.fields IS 'numbers of its values, in the order of state_fields';
