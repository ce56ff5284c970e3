-- One row per context: numbers of its values, so that contexts of two calls can be compared at once.
-- The fields are those of context_fields, in their order; -3 for one that the context lacks.
CREATE OR REPLACE TABLE context_fields AS
SELECT
    row_number() OVER (ORDER BY field) AS field_no,
    field
FROM (SELECT DISTINCT field FROM features WHERE path IS NULL);

CREATE OR REPLACE TABLE context_values AS
SELECT
    row_number() OVER (ORDER BY value) AS value_no,
    value
FROM (SELECT DISTINCT value FROM features WHERE path IS NULL)
WHERE value <> 'null'
UNION ALL
SELECT
    0 AS value_no,
    'null' AS value;

CREATE OR REPLACE TABLE context_vectors AS
SELECT
    contexts.context_id,
    list(CAST(coalesce(context_values.value_no, -3) AS INTEGER) ORDER BY context_fields.field_no)
        AS fields
FROM contexts
CROSS JOIN context_fields
LEFT JOIN features
    ON
        contexts.context_id = features.context_id
        AND context_fields.field = features.field
        AND features.path IS NULL
LEFT JOIN context_values ON features.value = context_values.value
GROUP BY contexts.context_id;

COMMENT ON TABLE context_fields IS 'One row per field of contexts, in the order of their vectors';
COMMENT ON TABLE context_values IS 'One row per value of such a field; 0 is null';
COMMENT ON TABLE context_vectors IS 'One row per context: numbers of its values';
