-- One row per field of state observations that a precondition on variables may speak about.
-- Content (data, grad), addresses and lists are no fields. The setting precondition_fields, if given,
-- narrows them to the fields that the invariants at hand do speak about, addresses among them.
CREATE OR REPLACE TABLE state_fields AS
WITH
found AS (
    SELECT
        unnest(['var_name', 'var_type']) AS field,
        NULL AS path
    UNION
    SELECT
        'attributes.' || attribute.key AS field,
        NULL AS path
    FROM events AS state, json_each(state.attributes) AS attribute
    WHERE
        state.kind = 'state'
        AND attribute.type NOT IN ('OBJECT', 'ARRAY')
        AND attribute.key NOT IN ('data', 'grad')
        AND (
            NOT is_address(attribute.key)
            OR list_contains(getvariable('precondition_fields'), 'attributes.' || attribute.key)
        )
    UNION
    SELECT
        features.field,
        features.path
    FROM events AS state
    INNER JOIN event_contexts USING (trace, process_id, event_id)
    INNER JOIN features USING (context_id)
    WHERE state.kind = 'state'
)

SELECT
    row_number() OVER (ORDER BY field, path) AS field_no,
    field,
    path
FROM found
WHERE
    getvariable('precondition_fields') IS NULL
    OR list_contains(getvariable('precondition_fields'), field)
    -- Old files join the name of a context manager and its argument with a dot.
    OR list_contains(getvariable('precondition_fields'), field || '.' || path);

COMMENT ON TABLE state_fields IS 'One row per field that a precondition on variables may speak about';
COMMENT ON COLUMN state_fields.field IS 'column name as in invariant files, such as attributes.ndim';
COMMENT ON COLUMN state_fields.path IS 'argument of a context manager; NULL for anything else';
