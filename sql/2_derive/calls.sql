-- One row per call: who called what, when, inside which call, in which context.
-- A call that never returned lasts as long as the call around it, or as its thread.
-- Reads: events, events_in_context, threads.  Writes: calls.
CREATE OR REPLACE TABLE calls AS
WITH RECURSIVE
open_call AS (
    SELECT
        trace,
        process_id,
        event_id,
        parent_id,
        CAST(NULL AS BIGINT) AS end_ts
    FROM events
    WHERE kind = 'call' AND outcome = 'incomplete'
    UNION ALL
    SELECT
        open_call.trace,
        open_call.process_id,
        open_call.event_id,
        parent.parent_id,
        parent.end_ts
    FROM open_call
    INNER JOIN events AS parent
        ON
            open_call.trace = parent.trace
            AND open_call.process_id = parent.process_id
            AND open_call.parent_id = parent.event_id
    WHERE open_call.end_ts IS NULL
),

closed AS (
    SELECT
        trace,
        process_id,
        event_id,
        max(end_ts) AS end_ts
    FROM open_call
    GROUP BY trace, process_id, event_id
)

SELECT
    call.trace,
    call.process_id,
    call.thread_id,
    call.event_id,
    threads.thread_no,
    (threads.process_no << 40) + call.event_id AS call_id,
    (threads.process_no << 40) + call.parent_id AS parent_id,
    CAST(call.function AS function_name) AS function,
    call.start_ts,
    call.end_ts,
    coalesce(call.end_ts, closed.end_ts, threads.last_ts) AS until_ts,
    CAST(call.outcome AS call_outcome) AS outcome,
    call.step,
    call.known_stage AS stage,
    call.context_id
FROM events_in_context AS call
INNER JOIN threads
    ON
        call.trace = threads.trace
        AND call.process_id = threads.process_id
        AND call.thread_id = threads.thread_id
LEFT JOIN closed
    ON
        call.trace = closed.trace
        AND call.process_id = closed.process_id
        AND call.event_id = closed.event_id
WHERE call.kind = 'call';

COMMENT ON TABLE calls IS 'One row per call: who called what, when, inside which call';
COMMENT ON COLUMN calls.event_id IS 'the call''s row in events, with trace and process_id';
COMMENT ON COLUMN calls.call_id IS 'number of the call, unique over all traces';
COMMENT ON COLUMN calls.parent_id IS 'call_id of the innermost call around it on its thread';
COMMENT ON COLUMN calls.start_ts IS 'ns, entered';
COMMENT ON COLUMN calls.end_ts IS 'ns, returned or raised; NULL if it never did';
COMMENT ON COLUMN calls.until_ts IS
'end_ts; for an incomplete call that of the call around it, or the last moment of its thread';
COMMENT ON COLUMN calls.outcome IS 'ok, exception or incomplete';
