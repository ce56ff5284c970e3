-- One row per interval in which a context manager was active on a thread.
-- Read from recorded __init__, __enter__ and __exit__ calls of one object; what the collector
-- already wrote into meta.context_managers is not repeated here.
CREATE OR REPLACE TABLE context_managers AS
WITH
method AS (
    SELECT
        trace,
        process_id,
        thread_id,
        event_id,
        start_ts,
        end_ts,
        receiver,
        args,
        kwargs,
        regexp_extract(function, '^(.*)\.__(init|enter|exit)__$', 1) AS manager,
        regexp_extract(function, '^(.*)\.__(init|enter|exit)__$', 2) AS role
    FROM events
    WHERE
        kind = 'call'
        AND receiver IS NOT NULL
        AND (function LIKE '%.\_\_init\_\_' ESCAPE '\'
            OR function LIKE '%.\_\_enter\_\_' ESCAPE '\' OR function LIKE '%.\_\_exit\_\_' ESCAPE '\')
        AND NOT contains(function, 'torch.autograd.grad_mode')
        AND NOT contains(function, 'torch.autograd.profiler.record_function')
),

numbered AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY trace, process_id, thread_id, receiver, manager, role ORDER BY event_id
        ) AS nth
    FROM method
),

active AS (
    SELECT
        entered.*,
        exited.start_ts AS to_ts
    FROM numbered AS entered
    INNER JOIN numbered AS exited
        USING (trace, process_id, thread_id, receiver, manager, nth)
    WHERE entered.role = 'enter' AND exited.role = 'exit' AND exited.start_ts >= entered.end_ts
)

SELECT
    active.trace,
    active.process_id,
    active.thread_id,
    active.manager,
    active.end_ts AS from_ts,
    active.to_ts,
    made.event_id AS made_by,
    json_merge_patch(coalesce(made.args, '{}'), coalesce(made.kwargs, '{}')) AS arguments
FROM active
ASOF INNER JOIN (SELECT * FROM method WHERE role = 'init') AS made
    ON
        active.trace = made.trace
        AND active.process_id = made.process_id
        AND active.thread_id = made.thread_id
        AND active.receiver = made.receiver
        AND active.manager = made.manager
        AND active.event_id > made.event_id;

COMMENT ON TABLE context_managers IS 'One row per interval in which a context manager was active';
COMMENT ON COLUMN context_managers.manager IS 'full dotted name of its class';
COMMENT ON COLUMN context_managers.from_ts IS 'ns, __enter__ returned';
COMMENT ON COLUMN context_managers.to_ts IS 'ns, __exit__ was called';
COMMENT ON COLUMN context_managers.made_by IS 'event_id of the __init__ call';
COMMENT ON COLUMN context_managers.arguments IS 'what it was made with: {name: {type: value}}';
