-- One row per distinct context of a call: everything about when and where that a precondition may use.
-- Reads: events, trace_bounds, context_managers.  Writes: _call_contexts, contexts.
CREATE OR REPLACE TEMP TABLE _managers AS
WITH held AS (
    SELECT
        call.trace,
        call.process_id,
        call.event_id,
        active.manager,
        -- Of two of one class the one made last counts.
        arg_max(active.arguments, active.made_by) AS arguments
    FROM events AS call
    INNER JOIN context_managers AS active
        ON
            call.trace = active.trace
            AND call.process_id = active.process_id
            AND call.thread_id = active.thread_id
            AND call.start_ts BETWEEN active.from_ts AND active.to_ts
    WHERE call.kind = 'call'
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

CREATE OR REPLACE TEMP TABLE _call_contexts AS
SELECT
    call.trace,
    call.process_id,
    call.event_id,
    call.thread_id,
    call.step,
    coalesce(call.stage, if(bounds.has_stages, 'init', NULL)) AS stage,
    CAST(call.meta AS VARCHAR) AS meta,
    held.managers
FROM events AS call
INNER JOIN trace_bounds AS bounds USING (trace)
LEFT JOIN _managers AS held USING (trace, process_id, event_id)
WHERE call.kind = 'call';

CREATE OR REPLACE TABLE contexts AS
WITH distinct_contexts AS (
    SELECT DISTINCT
        process_id,
        thread_id,
        step,
        stage,
        meta,
        managers
    FROM _call_contexts
)

SELECT
    row_number() OVER (ORDER BY process_id, thread_id, step, stage, meta, managers) AS context_id,
    *
FROM distinct_contexts;

DROP TABLE _managers;
COMMENT ON TABLE contexts IS 'One row per distinct context of a call';
COMMENT ON COLUMN contexts.context_id IS 'number of the context, unique over all traces';
COMMENT ON COLUMN contexts.meta IS 'JSON: annotations other than step and stage';
COMMENT ON COLUMN contexts.managers IS 'JSON: active context managers read from calls';
