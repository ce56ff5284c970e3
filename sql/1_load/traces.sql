-- One row per trace: its name, the folder of its dataset, and the program that was run.
-- The name is the folder's (less .tc-engine, where TrainCheck's traces are cached); the second of a
-- name becomes name_1, in order of the paths.
CREATE OR REPLACE TEMP TABLE _traces AS
WITH
paths AS (
    SELECT
        rtrim(unnest(getvariable('dataset')), '/') AS path,
        unnest(getvariable('programs')) AS program
),

named AS (
    SELECT
        path,
        any_value(program) AS program,
        regexp_replace(regexp_extract(path, '[^/]*$'), '\.tc-engine$', '') AS name
    FROM paths
    GROUP BY path
),

numbered AS (
    SELECT
        path,
        program,
        name,
        row_number() OVER (PARTITION BY name ORDER BY path) AS nth
    FROM named
)

SELECT
    path,
    program,
    if(nth = 1, name, name || '_' || (nth - 1)) AS trace
FROM numbered;

-- A name that stands in millions of rows is a number there.
CREATE OR REPLACE TYPE trace_name AS ENUM (SELECT trace FROM _traces ORDER BY trace); -- noqa: CV07

CREATE OR REPLACE TABLE traces AS
SELECT
    path,
    program,
    CAST(trace AS trace_name) AS trace
FROM _traces;

DROP TABLE _traces;

-- The Parquet files: those that tc-engine names, else all that are there.
SET VARIABLE parts = coalesce(
    getvariable('part_files'),
    (SELECT list(path || '/events/process=*/part-*.parquet' ORDER BY path) FROM traces)
);
COMMENT ON TABLE traces IS 'One row per trace: its name and the folder of its dataset';
COMMENT ON COLUMN traces.path IS 'folder of the dataset';
COMMENT ON COLUMN traces.program IS 'file name or module of the script that was run, where known';
COMMENT ON COLUMN traces.trace IS 'the folder''s name, made unique';
