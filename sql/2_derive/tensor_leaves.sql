-- One row per scalar property of a tensor, and per element of a list property such as shape.
CREATE OR REPLACE TABLE tensor_leaves AS
WITH
element AS (
    SELECT
        listed.payload_id,
        listed.tensor_no,
        listed.property,
        CAST(item.key AS BIGINT) AS place,
        item.type AS json_type,
        canonical(item.value) AS value
    FROM tensor_properties AS listed, json_each(CAST(listed.value AS JSON)) AS item
    WHERE listed.json_type = 'ARRAY'
),

leaf AS (
    SELECT
        payload_id,
        tensor_no,
        property,
        CAST(NULL AS BIGINT) AS place,
        json_type,
        value
    FROM tensor_properties
    WHERE json_type NOT IN ('ARRAY', 'OBJECT')
    UNION ALL
    SELECT * FROM element
    WHERE json_type NOT IN ('ARRAY', 'OBJECT')
)

SELECT
    payload_id,
    tensor_no,
    property,
    -- As additional_path in invariants files.
    to_json(if(place IS NULL, [to_json(property)], [to_json(property), to_json(place)])) AS path,
    CASE
        WHEN json_type IN ('UBIGINT', 'BIGINT', 'DOUBLE') THEN 'number'
        WHEN json_type = 'BOOLEAN' THEN 'bool'
        WHEN json_type = 'NULL' THEN 'null'
        ELSE 'string'
    END AS kind,
    value
FROM leaf;

COMMENT ON TABLE tensor_leaves IS 'One row per scalar in the properties of a tensor';
COMMENT ON COLUMN tensor_leaves.payload_id IS 'number of the payload';
COMMENT ON COLUMN tensor_leaves.property IS 'name of the property';
COMMENT ON COLUMN tensor_leaves.path IS 'JSON: [property], or [property, place in its list]';
COMMENT ON COLUMN tensor_leaves.kind IS 'number, bool, string or null';
