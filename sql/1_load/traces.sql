-- One row per trace: its name and the folder of its dataset.
-- The name is the folder's (less .tc-engine, where TrainCheck's traces are cached); the second of a
-- name becomes name_1, in order of the paths.
CREATE OR REPLACE TABLE traces AS
WITH
paths AS (
    SELECT DISTINCT rtrim(unnest(getvariable('dataset')), '/') AS path
),

named AS (
    SELECT
        path,
        regexp_replace(regexp_extract(path, '[^/]*$'), '\.tc-engine$', '') AS name
    FROM paths
),

numbered AS (
    SELECT
        path,
        name,
        row_number() OVER (PARTITION BY name ORDER BY path) AS nth
    FROM named
)

SELECT
    path,
    if(nth = 1, name, name || '_' || (nth - 1)) AS trace
FROM numbered;

-- The Parquet files: those that tc-engine names, else all that are there.
SET VARIABLE parts = coalesce(
    getvariable('part_files'),
    (SELECT list(path || '/events/process=*/part-*.parquet' ORDER BY path) FROM traces)
);
COMMENT ON TABLE traces IS 'One row per trace: its name and the folder of its dataset';
COMMENT ON COLUMN traces.path IS 'folder of the dataset';
COMMENT ON COLUMN traces.trace IS 'the folder''s name, made unique';
