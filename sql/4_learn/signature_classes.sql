-- One row per signature: the class of those that no precondition tells from it, and the class of those
-- that not even one with step numbers tells from it.
-- Reads: example_signatures, signature_fields.
-- Writes: signature_classes, class_fields, position_fields.  Settings: never_literal, positions.
CREATE OR REPLACE TEMP TABLE _shown AS
SELECT
    used.signature,
    list(
        {'field': field, 'path': path, 'value': unnamed(field, value, getvariable('never_literal'))}
        ORDER BY field, path
    ) FILTER (WHERE field IS NOT NULL) AS with_positions,
    list(
        {
            'field': field,
            'path': path,
            'value': unnamed(
                field, value, getvariable('never_literal') || '|' || getvariable('positions')
            )
        } ORDER BY field, path
    ) FILTER (WHERE field IS NOT NULL) AS fields
FROM (SELECT DISTINCT signature FROM example_signatures) AS used
LEFT JOIN signature_fields USING (signature)
GROUP BY used.signature;

CREATE OR REPLACE TABLE class_fields AS
SELECT
    fields,
    row_number() OVER (ORDER BY fields) AS class
FROM (SELECT DISTINCT fields FROM _shown);

CREATE OR REPLACE TABLE position_fields AS
SELECT
    with_positions AS fields,
    row_number() OVER (ORDER BY with_positions) AS class
FROM (SELECT DISTINCT with_positions FROM _shown);

CREATE OR REPLACE TABLE signature_classes AS
SELECT
    _shown.signature,
    starts_with(_shown.signature, '[') AS is_pair,
    class_fields.class,
    position_fields.class AS position_class
FROM _shown
INNER JOIN class_fields ON _shown.fields IS NOT DISTINCT FROM class_fields.fields
INNER JOIN position_fields
    ON _shown.with_positions IS NOT DISTINCT FROM position_fields.fields;

DROP TABLE _shown;
COMMENT ON TABLE signature_classes IS 'One row per signature: what preconditions can tell of it';
COMMENT ON COLUMN signature_classes.is_pair IS 'it is that of a pair of records';
COMMENT ON COLUMN signature_classes.class IS 'number of a row of class_fields';
COMMENT ON COLUMN signature_classes.position_class IS 'number of a row of position_fields';
COMMENT ON TABLE class_fields IS
'One row per class of signatures that only what no precondition names, or a step number, tells apart';
COMMENT ON COLUMN class_fields.fields IS 'field, path and value; of a value that is not named the type';
COMMENT ON TABLE position_fields IS
'One row per class of signatures that only what no precondition names tells apart';
