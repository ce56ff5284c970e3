-- One row per context of a call: numbers of its values, so that contexts of two calls can be compared at once.
-- The fields are those of context_fields, in their order; -3 for one that the context lacks.
CREATE OR REPLACE TABLE context_fields AS
SELECT
    row_number() OVER (ORDER BY field, path) AS field_no,
    field,
    path
FROM (
    SELECT DISTINCT
        features.field,
        features.path
    FROM features
    INNER JOIN calls USING (context_id)
);

CREATE OR REPLACE TABLE context_values AS
SELECT
    row_number() OVER (ORDER BY value) AS value_no,
    value
FROM (SELECT DISTINCT value FROM features)
WHERE value <> 'null'
UNION ALL
SELECT
    0 AS value_no,
    'null' AS value;

CREATE OR REPLACE TABLE context_vectors AS
SELECT
    called.context_id,
    list(CAST(coalesce(context_values.value_no, -3) AS INTEGER) ORDER BY context_fields.field_no)
        AS fields
FROM (SELECT DISTINCT context_id FROM calls) AS called
CROSS JOIN context_fields
LEFT JOIN features
    ON
        called.context_id = features.context_id
        AND context_fields.field = features.field
        AND context_fields.path IS NOT DISTINCT FROM features.path
LEFT JOIN context_values ON features.value = context_values.value
GROUP BY called.context_id;

COMMENT ON TABLE context_fields IS 'One row per field of contexts, in the order of their vectors';
COMMENT ON TABLE context_values IS 'One row per value of such a field; 0 is null';
COMMENT ON TABLE context_vectors IS 'One row per context of a call: numbers of its values';
