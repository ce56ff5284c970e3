-- One row per observation of a variable that a relation may report: numbers of its values.
-- The fields are those of state_fields, in their order; -3 for one that the record lacks.
-- Reads: compared_runs, var_values, events_in_context, features.
-- Writes: state_columns, state_fields, state_values, state_vectors.  Settings: precondition_fields.
CREATE OR REPLACE TEMP TABLE _state_records AS
WITH wanted AS (
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
    GROUP BY trace, process_id, variable, variable_type, attribute
)

SELECT
    state.trace,
    state.process_id,
    state.event_id,
    state.context_id,
    state.variable,
    state.variable_type,
    state.attributes
FROM events_in_context AS state
INNER JOIN wanted USING (trace, process_id, event_id)
WHERE state.kind = 'state';

-- Content (data, grad), addresses and lists are no fields. The setting precondition_fields, if given,
-- narrows them to the fields that the invariants at hand do speak about, addresses among them.
CREATE OR REPLACE TEMP TABLE _state_values AS
WITH
attribute AS (
    SELECT
        trace,
        process_id,
        event_id,
        unnest(json_keys(attributes)) AS name,
        unnest(json_values(attributes)) AS value
    FROM _state_records
),

value AS (
    SELECT
        trace,
        process_id,
        event_id,
        'attributes.' || name AS field,
        NULL AS path,
        canonical(value) AS value
    FROM attribute
    WHERE
        json_type(value) NOT IN ('OBJECT', 'ARRAY')
        AND name NOT IN ('data', 'grad')
        AND (NOT is_address(name) OR getvariable('precondition_fields') IS NOT NULL)
    UNION ALL
    SELECT
        trace,
        process_id,
        event_id,
        unnest(['var_name', 'var_type']) AS field,
        NULL AS path,
        unnest([
            CAST(to_json(variable) AS VARCHAR), CAST(to_json(variable_type) AS VARCHAR)
        ]) AS value
    FROM _state_records
    UNION ALL
    SELECT
        record.trace,
        record.process_id,
        record.event_id,
        features.field,
        features.path,
        features.value
    FROM _state_records AS record
    INNER JOIN features USING (context_id)
)

SELECT * FROM value
WHERE is_asked_for(field, path);

CREATE OR REPLACE TABLE state_columns AS
SELECT
    field,
    path,
    if(
        count(DISTINCT value) = 1 AND count(*) = (SELECT count(*) FROM _state_records),
        min(value), NULL
    ) AS only_value
FROM _state_values
GROUP BY field, path;

-- A field that has one value in all observations tells no pair from another: no precondition that is
-- learned names it, so it is left out unless precondition_fields asks for it.
CREATE OR REPLACE TABLE state_fields AS
SELECT
    row_number() OVER (ORDER BY field, path) AS field_no,
    field,
    path
FROM state_columns
WHERE only_value IS NULL OR getvariable('precondition_fields') IS NOT NULL;

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
WITH numbered AS (
    SELECT
        value.trace,
        value.process_id,
        value.event_id,
        state_fields.field_no,
        CAST(state_values.value_no AS INTEGER) AS value_no
    FROM _state_values AS value
    INNER JOIN state_fields
        ON value.field = state_fields.field AND value.path IS NOT DISTINCT FROM state_fields.path
    INNER JOIN state_values ON value.value = state_values.value
)

SELECT
    record.trace,
    record.process_id,
    record.event_id,
    coalesce(
        list(coalesce(numbered.value_no, -3) ORDER BY state_fields.field_no)
        FILTER (WHERE state_fields.field_no IS NOT NULL),
        []
    ) AS fields
FROM _state_records AS record
LEFT JOIN state_fields ON true
LEFT JOIN numbered
    ON
        record.trace = numbered.trace
        AND record.process_id = numbered.process_id
        AND record.event_id = numbered.event_id
        AND state_fields.field_no = numbered.field_no
GROUP BY record.trace, record.process_id, record.event_id;

DROP TABLE _state_records;
DROP TABLE _state_values;
COMMENT ON TABLE state_columns IS 'One row per field of these observations';
COMMENT ON COLUMN state_columns.field IS 'column name as in invariant files, such as attributes.ndim';
COMMENT ON COLUMN state_columns.path IS 'argument of a context manager; NULL for anything else';
COMMENT ON COLUMN state_columns.only_value IS 'what all of them have in it; NULL where they differ';
COMMENT ON TABLE state_fields IS 'One row per field that a precondition on variables may speak about';
COMMENT ON TABLE state_values IS 'One row per value of a field of state_fields; 0 is null';
COMMENT ON TABLE state_vectors IS 'One row per observation that a relation may report';
COMMENT ON COLUMN state_vectors.fields IS 'numbers of its values, in the order of state_fields';
