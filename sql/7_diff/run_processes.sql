-- One row per process of the two runs: what it is matched by.
-- Reads: sides (side, path), traces, events, processes.  Writes: run_processes.
CREATE OR REPLACE TABLE run_processes AS
WITH
annotated AS (
    SELECT
        trace,
        process_id,
        meta,
        min(start_ts) AS start_ts
    FROM events
    GROUP BY trace, process_id, meta
),

process AS (
    SELECT
        sides.side,
        annotated.trace,
        annotated.process_id,
        processes.process_no,
        max(TRY_CAST(coalesce(
            json_extract_string(annotated.meta, '$.RANK'),
            json_extract_string(annotated.meta, '$._DATA_PARALLEL_RANK')
        ) AS BIGINT)) AS rank,
        max(TRY_CAST(json_extract_string(annotated.meta, '$.worker_id') AS BIGINT)) AS worker,
        min(annotated.start_ts) AS start_ts
    FROM annotated
    INNER JOIN processes USING (trace, process_id)
    INNER JOIN traces USING (trace)
    INNER JOIN sides ON traces.path = sides.path
    GROUP BY sides.side, annotated.trace, annotated.process_id, processes.process_no
)

SELECT
    side,
    trace,
    process_id,
    process_no,
    rank,
    worker,
    -- A rank that is started again, and the workers of each epoch, come in order of their start.
    row_number() OVER (PARTITION BY side, rank, worker ORDER BY start_ts, process_id) AS nth
FROM process;
