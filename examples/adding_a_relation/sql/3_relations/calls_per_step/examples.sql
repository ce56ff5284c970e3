-- One row per hypothesis and step of a process that calls F somewhere: positive if it calls F N times
-- in that step. The record is the first call of the step. A step ends where another one follows, so
-- the last one of a process is not judged. What a step does in another stage is a step of its own.
-- Reads: hypotheses, calls.  Writes: examples.
CREATE OR REPLACE VIEW examples AS
WITH
stated AS (
    SELECT
        hypothesis_id,
        params ->> '$[0].api_full_name' AS function,
        CAST(params ->> '$[0].times' AS BIGINT) AS times
    FROM hypotheses
),

finished_step AS (
    SELECT
        trace,
        process_id,
        step,
        stage,
        min(event_id) AS event_id,
        min_by(context_id, event_id) AS context_id,
        min(start_ts) AS start_ts,
        max(until_ts) AS end_ts
    FROM calls
    WHERE step IS NOT NULL
    GROUP BY trace, process_id, step, stage
    QUALIFY max(start_ts) < max(max(start_ts)) OVER (PARTITION BY trace, process_id)
),

counted AS (
    SELECT
        trace,
        process_id,
        step,
        stage,
        function,
        count(*) AS times
    FROM calls
    GROUP BY ALL
),

caller AS (
    SELECT DISTINCT
        trace,
        process_id,
        function
    FROM calls
)

SELECT
    stated.hypothesis_id,
    coalesce(counted.times, 0) = stated.times AS is_positive,
    1 AS weight,
    CAST(step.context_id AS VARCHAR) AS signature,
    step.trace,
    step.end_ts AS decided_ts,
    step.start_ts,
    step.process_id,
    step.event_id,
    CAST(NULL AS BIGINT) AS process_id_2,
    CAST(NULL AS BIGINT) AS event_id_2
FROM stated
INNER JOIN caller USING (function)
INNER JOIN finished_step AS step USING (trace, process_id)
LEFT JOIN counted
    ON
        step.trace = counted.trace
        AND step.process_id = counted.process_id
        AND step.step = counted.step
        AND step.stage IS NOT DISTINCT FROM counted.stage
        AND stated.function = counted.function;
