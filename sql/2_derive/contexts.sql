-- One row per distinct context of an event: everything about when and where that a precondition may
-- use. Reads: events, trace_bounds, context_managers.  Writes: held_managers, placed_events,
-- contexts, events_in_context.
-- Managers change at few moments of a thread: an event is inside those of the last moment before it.
CREATE OR REPLACE TABLE held_managers AS
WITH
moment AS (
    SELECT
        trace,
        process_id,
        thread_id,
        unnest([from_ts, to_ts + 1]) AS ts
    FROM context_managers
),

held AS (
    SELECT
        moment.trace,
        moment.process_id,
        moment.thread_id,
        moment.ts,
        active.manager,
        -- Of two of one class the one made last counts.
        arg_max(active.arguments, active.made_by) AS arguments
    FROM moment
    LEFT JOIN context_managers AS active
        ON
            moment.trace = active.trace
            AND moment.process_id = active.process_id
            AND moment.thread_id = active.thread_id
            AND moment.ts BETWEEN active.from_ts AND active.to_ts
    GROUP BY ALL
),

change AS (
    SELECT
        trace,
        process_id,
        thread_id,
        ts,
        CAST(to_json(map(
            list(manager ORDER BY manager) FILTER (WHERE manager IS NOT NULL),
            list(arguments ORDER BY manager) FILTER (WHERE manager IS NOT NULL)
        )) AS VARCHAR) AS managers
    FROM held
    GROUP BY trace, process_id, thread_id, ts
)

SELECT
    event.trace,
    event.process_id,
    event.event_id,
    change.managers
FROM events AS event
ASOF INNER JOIN change
    ON
        event.trace = change.trace
        AND event.process_id = change.process_id
        AND event.thread_id = change.thread_id
        AND event.start_ts >= change.ts
WHERE change.managers IS NOT NULL;

CREATE OR REPLACE VIEW placed_events AS
SELECT
    event.*,
    coalesce(event.stage, if(bounds.has_stages, 'init', NULL)) AS known_stage,
    held.managers
FROM events AS event
INNER JOIN trace_bounds AS bounds USING (trace)
LEFT JOIN held_managers AS held USING (trace, process_id, event_id);

CREATE OR REPLACE TABLE contexts AS
WITH distinct_contexts AS (
    SELECT DISTINCT
        process_id,
        thread_id,
        step,
        known_stage AS stage,
        CAST(meta AS VARCHAR) AS meta,
        managers
    FROM placed_events
)

SELECT
    row_number() OVER (ORDER BY process_id, thread_id, step, stage, meta, managers) AS context_id,
    *
FROM distinct_contexts;

-- Few contexts, many events: joined where they are read.
CREATE OR REPLACE VIEW events_in_context AS
SELECT
    event.*,
    contexts.context_id
FROM placed_events AS event
INNER JOIN contexts
    ON
        event.process_id = contexts.process_id
        AND event.thread_id = contexts.thread_id
        AND event.step IS NOT DISTINCT FROM contexts.step
        AND event.known_stage IS NOT DISTINCT FROM contexts.stage
        AND CAST(event.meta AS VARCHAR) IS NOT DISTINCT FROM contexts.meta
        AND event.managers IS NOT DISTINCT FROM contexts.managers;

COMMENT ON TABLE held_managers IS
'One row per event inside a context manager that was read from calls';
COMMENT ON COLUMN held_managers.managers IS 'JSON: {name of its class: what it was made with}';
COMMENT ON VIEW placed_events IS 'One row per event, with what its context consists of';
COMMENT ON COLUMN placed_events.known_stage IS 'its stage; init where others have one and it has not';
COMMENT ON TABLE contexts IS 'One row per distinct context of an event';
COMMENT ON COLUMN contexts.context_id IS 'number of the context, unique over all traces';
COMMENT ON COLUMN contexts.meta IS 'JSON: annotations other than step and stage';
COMMENT ON COLUMN contexts.managers IS 'JSON: active context managers read from calls';
COMMENT ON VIEW events_in_context IS 'One row per event, with the number of its context';
