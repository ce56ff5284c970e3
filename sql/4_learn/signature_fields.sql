-- One row per signature and field: the value that the record has, or that both records share;
-- '<>' where two records differ, '<null>' where they differ and one is null. Missing: no row.
-- Reads: example_signatures, features, pair_fields, pair_values.  Writes: signature_fields.
-- Settings: precondition_fields.
CREATE OR REPLACE TABLE signature_fields AS
WITH
used AS (
    SELECT DISTINCT signature FROM example_signatures
),

pair AS (
    SELECT
        signature,
        unnest(CAST(signature AS INTEGER[])) AS value_no,
        generate_subscripts(CAST(signature AS INTEGER[]), 1) AS field_no
    FROM used
    WHERE starts_with(signature, '[')
),

field AS (
    SELECT
        used.signature,
        features.field,
        features.path,
        features.value
    FROM used
    INNER JOIN features ON TRY_CAST(used.signature AS BIGINT) = features.context_id
    UNION ALL
    SELECT
        pair.signature,
        pair_fields.field,
        pair_fields.path,
        CASE pair.value_no WHEN -1 THEN '<>' WHEN -2 THEN '<null>' ELSE pair_values.value END
            AS value
    FROM pair
    INNER JOIN pair_fields USING (field_no)
    LEFT JOIN pair_values USING (value_no)
    WHERE pair.value_no <> -3
)

SELECT * FROM field
WHERE is_asked_for(field, path);

COMMENT ON TABLE signature_fields IS 'One row per signature and field that a precondition can use';
