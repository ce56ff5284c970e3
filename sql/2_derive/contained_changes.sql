-- One row per call and distinct change (type, attribute, old, new value) that happened inside it.
-- A change with a known cause is inside that call and the calls around it. Otherwise it is inside
-- every call of its process, on any thread, that was open at the time.
-- Reads: calls, threads, var_changes.  Writes: contained_changes.
CREATE OR REPLACE TEMP TABLE _innermost AS
WITH RECURSIVE
moment AS (
    SELECT DISTINCT
        trace,
        process_id,
        ts
    FROM var_changes
    WHERE cause_id IS NULL
),

latest AS (
    SELECT
        moment.trace,
        moment.process_id,
        moment.ts,
        call.call_id
    FROM moment
    INNER JOIN threads
        ON moment.trace = threads.trace AND moment.process_id = threads.process_id
    ASOF INNER JOIN calls AS call
        ON threads.thread_no = call.thread_no AND moment.ts >= call.start_ts
),

-- From the latest call that began before, outwards until one is still open.
candidate AS (
    SELECT
        latest.trace,
        latest.process_id,
        latest.ts,
        call.call_id,
        call.parent_id,
        call.until_ts >= latest.ts AS is_open
    FROM latest
    INNER JOIN calls AS call USING (call_id)
    UNION
    SELECT
        candidate.trace,
        candidate.process_id,
        candidate.ts,
        call.call_id,
        call.parent_id,
        call.until_ts >= candidate.ts AS is_open
    FROM candidate
    INNER JOIN calls AS call ON candidate.parent_id = call.call_id
    WHERE NOT candidate.is_open
)

SELECT
    trace,
    process_id,
    ts,
    call_id
FROM candidate
WHERE is_open;

CREATE OR REPLACE TABLE contained_changes AS
WITH RECURSIVE
change AS (
    SELECT
        made.call_id,
        change.variable_type,
        change.attribute,
        change.old_value,
        change.new_value
    FROM var_changes AS change
    INNER JOIN _innermost AS made USING (trace, process_id, ts)
    WHERE change.cause_id IS NULL
    UNION ALL
    SELECT
        cause.call_id,
        change.variable_type,
        change.attribute,
        change.old_value,
        change.new_value
    FROM var_changes AS change
    INNER JOIN calls AS cause
        ON
            change.trace = cause.trace
            AND change.process_id = cause.process_id
            AND change.cause_id = cause.event_id
),

inside AS (
    SELECT * FROM change
    UNION
    SELECT
        call.parent_id AS call_id,
        inside.variable_type,
        inside.attribute,
        inside.old_value,
        inside.new_value
    FROM inside
    INNER JOIN calls AS call USING (call_id)
    WHERE call.parent_id IS NOT NULL
)

SELECT
    inside.call_id,
    call.function,
    call.outcome,
    inside.variable_type,
    inside.attribute,
    inside.old_value,
    inside.new_value
FROM inside
INNER JOIN calls AS call USING (call_id);

DROP TABLE _innermost;
COMMENT ON TABLE contained_changes IS 'One row per call and distinct change inside it';
COMMENT ON COLUMN contained_changes.function IS 'function of the call';
COMMENT ON COLUMN contained_changes.outcome IS 'outcome of the call';
COMMENT ON COLUMN contained_changes.old_value IS 'canonical JSON text';
COMMENT ON COLUMN contained_changes.new_value IS 'canonical JSON text';
