-- One row per completed call: when it ended, and the latest start among the calls of its function
-- on its thread that had ended by then.
CREATE OR REPLACE TABLE last_done AS
SELECT
    thread_no,
    function,
    end_ts,
    max(start_ts) OVER (
        PARTITION BY thread_no, function ORDER BY end_ts
    ) AS last_start_ts
FROM calls
WHERE outcome <> 'incomplete';

COMMENT ON TABLE last_done IS 'One row per completed call, for "has A happened in between?"';
COMMENT ON COLUMN last_done.last_start_ts IS
'ns, latest start of a call of the function that ended by end_ts';
