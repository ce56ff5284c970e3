-- One row per value in the arguments of a payload, however deep: what makes two calls' arguments
-- the same or different. A list that holds integers only, at any depth, is one value: their set.
CREATE OR REPLACE TABLE argument_leaves AS
WITH
node AS (
    SELECT
        payloads.payload_id,
        'args' || node.fullkey AS path,
        'args' || node.path AS parent_path,
        node.type AS json_type,
        CAST(node.value AS VARCHAR) AS text
    FROM payloads, json_tree(CAST(coalesce(payloads.args, '{}') AS JSON)) AS node
    WHERE payloads.side = 'input'
    UNION ALL
    SELECT
        payloads.payload_id,
        'kwargs' || node.fullkey AS path,
        'kwargs' || node.path AS parent_path,
        node.type AS json_type,
        CAST(node.value AS VARCHAR) AS text
    FROM payloads, json_tree(CAST(coalesce(payloads.kwargs, '{}') AS JSON)) AS node
    WHERE payloads.side = 'input'
),

marked AS (
    SELECT
        *,
        json_type = 'ARRAY' AND regexp_matches(text, '^\[[-0-9,\[\]]*\]$') AS is_integers
    FROM node
)

SELECT
    inner_node.payload_id,
    inner_node.path,
    CASE
        WHEN inner_node.is_integers THEN 'integers'
        WHEN inner_node.json_type = 'ARRAY' THEN 'length'
        WHEN inner_node.json_type = 'OBJECT' THEN 'keys'
        ELSE 'value'
    END AS kind,
    CASE
        WHEN inner_node.is_integers THEN NULL
        WHEN inner_node.json_type = 'ARRAY'
            THEN CAST(json_array_length(CAST(inner_node.text AS JSON)) AS VARCHAR)
        WHEN inner_node.json_type = 'OBJECT'
            THEN CAST(list_sort(json_keys(CAST(inner_node.text AS JSON))) AS VARCHAR)
        ELSE canonical(CAST(inner_node.text AS JSON))
    END AS value,
    if(
        inner_node.is_integers,
        list_distinct(CAST(regexp_extract_all(inner_node.text, '-?[0-9]+') AS HUGEINT[])), NULL
    ) AS integers
FROM marked AS inner_node
LEFT JOIN marked AS outer_node
    ON
        inner_node.payload_id = outer_node.payload_id
        AND inner_node.parent_path = outer_node.path
        AND inner_node.path <> outer_node.path
        AND outer_node.is_integers
WHERE outer_node.payload_id IS NULL;

COMMENT ON TABLE argument_leaves IS 'One row per value in the arguments of a payload';
COMMENT ON COLUMN argument_leaves.payload_id IS 'number of the payload';
COMMENT ON COLUMN argument_leaves.path IS 'where in args or kwargs';
COMMENT ON COLUMN argument_leaves.kind IS
'value, integers (a list of nothing else), length (of another list) or keys (of an object)';
COMMENT ON COLUMN argument_leaves.integers IS 'the different ones of a list of integers; else NULL';
