-- One row per distinct context of an event: everything about when and where that a precondition may
-- use. Reads: events, trace_bounds, context_managers.  Writes: contexts, event_contexts.
CREATE OR REPLACE TEMP TABLE _managers AS
WITH held AS (
    SELECT
        event.trace,
        event.process_id,
        event.event_id,
        active.manager,
        -- Of two of one class the one made last counts.
        arg_max(active.arguments, active.made_by) AS arguments
    FROM events AS event
    INNER JOIN context_managers AS active
        ON
            event.trace = active.trace
            AND event.process_id = active.process_id
            AND event.thread_id = active.thread_id
            AND event.start_ts BETWEEN active.from_ts AND active.to_ts
    GROUP BY ALL
)

SELECT
    trace,
    process_id,
    event_id,
    CAST(to_json(map(
        list(manager ORDER BY manager), list(arguments ORDER BY manager)
    )) AS VARCHAR) AS managers
FROM held
GROUP BY trace, process_id, event_id;

CREATE OR REPLACE TEMP TABLE _event_contexts AS
SELECT
    event.trace,
    event.process_id,
    event.event_id,
    event.thread_id,
    event.step,
    coalesce(event.stage, if(bounds.has_stages, 'init', NULL)) AS stage,
    CAST(event.meta AS VARCHAR) AS meta,
    held.managers
FROM events AS event
INNER JOIN trace_bounds AS bounds USING (trace)
LEFT JOIN _managers AS held USING (trace, process_id, event_id);

CREATE OR REPLACE TABLE contexts AS
WITH distinct_contexts AS (
    SELECT DISTINCT
        process_id,
        thread_id,
        step,
        stage,
        meta,
        managers
    FROM _event_contexts
)

SELECT
    row_number() OVER (ORDER BY process_id, thread_id, step, stage, meta, managers) AS context_id,
    *
FROM distinct_contexts;

CREATE OR REPLACE TABLE event_contexts AS
SELECT
    event.trace,
    event.process_id,
    event.event_id,
    contexts.context_id
FROM _event_contexts AS event
INNER JOIN contexts
    ON
        event.process_id = contexts.process_id
        AND event.thread_id = contexts.thread_id
        AND event.step IS NOT DISTINCT FROM contexts.step
        AND event.stage IS NOT DISTINCT FROM contexts.stage
        AND event.meta IS NOT DISTINCT FROM contexts.meta
        AND event.managers IS NOT DISTINCT FROM contexts.managers;

DROP TABLE _managers;
DROP TABLE _event_contexts;
COMMENT ON TABLE contexts IS 'One row per distinct context of an event';
COMMENT ON TABLE event_contexts IS 'One row per event: its context';
COMMENT ON COLUMN contexts.context_id IS 'number of the context, unique over all traces';
COMMENT ON COLUMN contexts.meta IS 'JSON: annotations other than step and stage';
COMMENT ON COLUMN contexts.managers IS 'JSON: active context managers read from calls';
