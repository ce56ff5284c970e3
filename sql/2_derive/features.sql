-- One row per field of a context that a precondition may speak about. Missing: no row. Null: 'null'.
CREATE OR REPLACE TABLE features AS
WITH
leaf AS (
    SELECT
        contexts.context_id,
        'meta_vars.' || replace(substr(node.fullkey, 3), '"', '') AS field,
        canonical(node.value) AS value
    FROM contexts, json_tree(CAST(contexts.meta AS JSON)) AS node
    WHERE
        node.type NOT IN ('OBJECT', 'ARRAY')
        AND node.fullkey NOT LIKE '%[%'
        AND node.fullkey NOT LIKE '$.context\_managers%' ESCAPE '\'
        AND node.fullkey <> '$'
),

manager AS (
    SELECT
        contexts.context_id,
        'meta_vars.context_managers.' || held.key AS field,
        held.value AS arguments
    FROM contexts, json_each(json_merge_patch(
        coalesce(json_extract(contexts.meta, '$.context_managers'), '{}'),
        coalesce(CAST(contexts.managers AS JSON), '{}')
    )) AS held
),

argument AS (
    SELECT
        manager.context_id,
        manager.field,
        pair.key AS path,
        -- Recorded arguments carry their type: {"bool": true}. What the collector writes does not.
        if(json_type(pair.value) = 'OBJECT', json_extract(pair.value, '$.*')[1], pair.value) AS value
    FROM manager, json_each(manager.arguments) AS pair
    WHERE json_type(manager.arguments) = 'OBJECT'
),

found AS (
    SELECT
        context_id,
        'process_id' AS field,
        CAST(NULL AS VARCHAR) AS path,
        CAST(process_id AS VARCHAR) AS value,
        true AS is_column
    FROM contexts
    UNION ALL
    SELECT
        context_id,
        'thread_id' AS field,
        NULL AS path,
        CAST(thread_id AS VARCHAR) AS value,
        true AS is_column
    FROM contexts
    UNION ALL
    SELECT
        context_id,
        'meta_vars.step' AS field,
        NULL AS path,
        CAST(step AS VARCHAR) AS value,
        true AS is_column
    FROM contexts
    WHERE step IS NOT NULL
    UNION ALL
    SELECT
        context_id,
        'meta_vars.stage' AS field,
        NULL AS path,
        CAST(to_json(stage) AS VARCHAR) AS value,
        true AS is_column
    FROM contexts
    WHERE stage IS NOT NULL
    UNION ALL
    SELECT
        context_id,
        field,
        NULL AS path,
        value,
        false AS is_column
    FROM leaf
    UNION ALL
    SELECT
        context_id,
        field,
        NULL AS path,
        '{}' AS value,
        false AS is_column
    FROM manager
    UNION ALL
    SELECT
        context_id,
        field,
        path,
        canonical(value) AS value,
        false AS is_column
    FROM argument
    WHERE json_type(value) NOT IN ('OBJECT', 'ARRAY')
)

-- A user may annotate the same name as a column or another annotation; the column is what counts.
SELECT
    context_id,
    field,
    path,
    coalesce(min(value) FILTER (WHERE is_column), min(value)) AS value
FROM found
GROUP BY context_id, field, path;

COMMENT ON TABLE features IS 'One row per field of a context that a precondition may speak about';
COMMENT ON COLUMN features.field IS 'column name as in invariant files, such as meta_vars.step';
COMMENT ON COLUMN features.path IS 'argument of a context manager; NULL for anything else';
COMMENT ON COLUMN features.value IS 'canonical JSON text; {} says that a context manager is active';
