-- One row per call: who called what, when, inside which call, in which context.
-- A call that never returned lasts as long as the call around it, or as its thread.
-- Reads: events_in_context, function_name, threads.  Writes: calls.  Settings: with_sources.
CREATE OR REPLACE TABLE calls AS
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
    coalesce(call.end_ts, threads.last_ts) AS until_ts,
    CAST(call.outcome AS call_outcome) AS outcome,
    call.step,
    call.known_stage AS stage,
    call.context_id,
    if(getvariable('with_sources'), call.source, NULL) AS source
FROM events_in_context AS call
INNER JOIN threads
    ON
        call.trace = threads.trace
        AND call.process_id = threads.process_id
        AND call.thread_id = threads.thread_id
WHERE call.kind = 'call';

UPDATE calls SET until_ts = around.end_ts
FROM (
    WITH RECURSIVE
    open_call AS (
        SELECT
            call_id,
            parent_id,
            CAST(NULL AS BIGINT) AS end_ts
        FROM calls
        WHERE outcome = 'incomplete'
        UNION ALL
        SELECT
            open_call.call_id,
            parent.parent_id,
            parent.end_ts
        FROM open_call
        INNER JOIN calls AS parent ON open_call.parent_id = parent.call_id
        WHERE open_call.end_ts IS NULL
    )

    SELECT
        call_id,
        end_ts
    FROM open_call
    WHERE end_ts IS NOT NULL
) AS around
WHERE calls.call_id = around.call_id;

COMMENT ON TABLE calls IS 'One row per call: who called what, when, inside which call';
COMMENT ON COLUMN calls.event_id IS 'the call''s row in events, with trace and process_id';
COMMENT ON COLUMN calls.call_id IS 'number of the call, unique over all traces';
COMMENT ON COLUMN calls.parent_id IS 'call_id of the innermost call around it on its thread';
COMMENT ON COLUMN calls.start_ts IS 'ns, entered';
COMMENT ON COLUMN calls.end_ts IS 'ns, returned or raised; NULL if it never did';
COMMENT ON COLUMN calls.until_ts IS
'end_ts; for an incomplete call that of the call around it, or the last moment of its thread';
COMMENT ON COLUMN calls.outcome IS 'ok, exception or incomplete';
