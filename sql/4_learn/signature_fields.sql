-- One row per signature and field: the value that the record has, or that both records share;
-- '<>' where two records differ, '<null>' where they differ and one is null. Missing: no row.
CREATE OR REPLACE TABLE signature_fields AS
WITH
used AS (
    SELECT DISTINCT signature FROM example_signatures
),

pair AS (
    SELECT
        used.signature,
        CAST(shared.key AS BIGINT) + 1 AS field_no,
        shared.value ->> '$' AS value
    FROM used, json_each(CAST(used.signature AS JSON)) AS shared
    WHERE starts_with(used.signature, '[') AND shared.type <> 'NULL'
)

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
    state_fields.field,
    NULL AS path,
    pair.value
FROM pair
INNER JOIN state_fields USING (field_no);

COMMENT ON TABLE signature_fields IS 'One row per signature and field that a precondition can use';
