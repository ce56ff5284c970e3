-- One row per property of a tensor in a payload: tensors among the arguments, or in the result.
-- Positional arguments come first, then keywords by name; only tensors are counted.
CREATE OR REPLACE TABLE tensor_properties AS
WITH
item AS (
    SELECT
        payload_id,
        0 AS part,
        CAST(unnest(json_keys(args)) AS BIGINT) AS place,
        '' AS name,
        unnest(json_values(args)) AS typed
    FROM payloads
    UNION ALL
    SELECT
        payload_id,
        1 AS part,
        0 AS place,
        unnest(json_keys(kwargs)) AS name,
        unnest(json_values(kwargs)) AS typed
    FROM payloads
    UNION ALL
    SELECT
        payloads.payload_id,
        0 AS part,
        CAST(element.key AS BIGINT) AS place,
        '' AS name,
        element.value AS typed
    FROM payloads, json_each(if(
        json_type(payloads.result) = 'ARRAY', CAST(payloads.result AS JSON),
        to_json([CAST(payloads.result AS JSON)])
    )) AS element
    WHERE payloads.result IS NOT NULL
),

tensor AS (
    SELECT
        payload_id,
        row_number() OVER (PARTITION BY payload_id ORDER BY part, place, name) - 1 AS tensor_no,
        json_extract(typed, '$.*')[1] AS properties
    FROM item
    WHERE json_type(typed) = 'OBJECT' AND is_tensor(json_keys(typed)[1])
),

recorded AS (
    SELECT
        payload_id,
        tensor_no,
        unnest(json_keys(properties)) AS property,
        unnest(json_values(properties)) AS value
    FROM tensor
)

SELECT
    payload_id,
    tensor_no,
    property,
    json_type(value) AS json_type,
    canonical(value) AS value
FROM recorded
-- The number of a tensor's memory tells tensors of one run apart and means nothing to another.
WHERE property <> 'storage';

COMMENT ON TABLE tensor_properties IS 'One row per property of a tensor in a payload';
COMMENT ON COLUMN tensor_properties.payload_id IS 'number of the payload';
COMMENT ON COLUMN tensor_properties.property IS 'name of the property';
COMMENT ON COLUMN tensor_properties.json_type IS 'type of its value, as json_type of DuckDB has it';
COMMENT ON COLUMN tensor_properties.tensor_no IS '0, 1, ... among the tensors of the payload';
COMMENT ON COLUMN tensor_properties.value IS 'canonical JSON text';
