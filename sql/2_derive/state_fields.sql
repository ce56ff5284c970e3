-- One row per field of state observations that a precondition on variables may speak about.
-- Content (data, grad), addresses and lists are no fields. The setting precondition_fields, if given,
-- narrows them to the fields that the invariants at hand do speak about, addresses among them.
CREATE OR REPLACE TABLE state_fields AS
WITH
found AS (
    SELECT unnest(['process_id', 'thread_id', 'var_name', 'var_type', 'meta_vars.step', 'meta_vars.stage'])
        AS field
    UNION
    SELECT 'attributes.' || attribute.key AS field
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
    SELECT 'meta_vars.' || annotation.key AS field
    FROM events AS state, json_each(state.meta) AS annotation
    WHERE state.kind = 'state' AND annotation.type NOT IN ('OBJECT', 'ARRAY')
)

SELECT
    row_number() OVER (ORDER BY field) AS field_no,
    field
FROM found
WHERE
    getvariable('precondition_fields') IS NULL
    OR list_contains(getvariable('precondition_fields'), field);

COMMENT ON TABLE state_fields IS 'One row per field that a precondition on variables may speak about';
COMMENT ON COLUMN state_fields.field IS 'column name as in invariant files, such as attributes.ndim';
