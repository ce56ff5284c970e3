-- One row per fact of an argument or a result, of the payloads that differ somewhere.
-- A fact is a plain value or a list of such, a property of a tensor or of what a list holds, the length of
-- a list of other things, or (as the path .type) the type of the whole. Reads: payload_pairs, payloads.  Writes: payload_facts.

-- The name of a plain tensor's type repeats its dtype and device, which are facts of their own.
CREATE OR REPLACE MACRO without_tensor_types(text) AS
    regexp_replace(text, '\."torch\.(cuda\.|mps\.|xpu\.)?\w+Tensor"', '', 'g');

-- What is told of a tensor but these follows from them, or says how one run made it.
CREATE OR REPLACE MACRO is_untold(path) AS
    regexp_matches(path, '(Tensor|Parameter)"\.')
    AND NOT regexp_matches(path, '(Tensor|Parameter)"\.(dtype|shape|device|requires_grad)$');

CREATE OR REPLACE TABLE payload_facts AS
WITH
payload AS (
    SELECT
        *,
        json_type(result) = 'ARRAY' AS is_tuple
    FROM payloads
    WHERE payload_id IN (
        SELECT payload_a FROM payload_pairs
        UNION
        SELECT payload_b FROM payload_pairs
    )
),

by_place AS (
    SELECT
        payload_id,
        parameters,
        unnest(json_keys(args)) AS place,
        unnest(json_values(args)) AS typed
    FROM payload
),

given AS (
    SELECT
        payload_id,
        coalesce(json_extract_string(parameters, '$[' || place || ']'), place) AS name,
        typed
    FROM by_place
    UNION ALL
    SELECT
        payload_id,
        unnest(json_keys(kwargs)) AS name,
        unnest(json_values(kwargs)) AS typed
    FROM payload
    UNION ALL
    SELECT
        payload.payload_id,
        'result[' || element.key || ']' AS name,
        element.value AS typed
    FROM payload, json_each(CAST(if(is_tuple, result, '[]') AS JSON)) AS element
    UNION ALL
    SELECT
        payload_id,
        'result' AS name,
        CAST(result AS JSON) AS typed
    FROM payload
    WHERE NOT is_tuple
),

typed_value AS (
    SELECT
        payload_id,
        name,
        '."' || json_keys(typed)[1] || '"' AS type,
        json_extract(typed, '$.*')[1] AS value
    FROM given
    WHERE json_type(typed) = 'OBJECT'
),

node AS (
    SELECT
        whole.payload_id,
        whole.name,
        whole.type || node.fullkey[2:] AS full_path,
        without_tensor_types(node.fullkey[2:]) AS path,
        without_tensor_types(node.path[2:]) AS around,
        node.type AS json_type,
        CAST(node.value AS VARCHAR) AS text
    FROM typed_value AS whole, json_tree(CAST(whole.value AS JSON)) AS node
),

plain_list AS (
    SELECT
        payload_id,
        name,
        path
    FROM node
    WHERE json_type = 'ARRAY' AND NOT contains(text, '{') AND NOT contains(text, '[[')
)

SELECT
    payload_id,
    name,
    path,
    CASE
        WHEN json_type = 'DOUBLE' THEN CAST(CAST(text AS DOUBLE) AS VARCHAR)
        WHEN json_type = 'ARRAY' AND contains(text, '{')
            THEN format('[{} items]', json_array_length(CAST(text AS JSON)))
        ELSE text
    END AS value
FROM node
ANTI JOIN plain_list
    ON
        node.payload_id = plain_list.payload_id
        AND node.name = plain_list.name
        AND node.around = plain_list.path
        AND node.path <> node.around
WHERE
    json_type <> 'OBJECT'
    AND NOT is_untold(full_path)
UNION ALL
SELECT
    payload_id,
    name,
    '.type' AS path,
    if(without_tensor_types(type) = '', 'Tensor', type[3:-2]) AS value
FROM typed_value;
