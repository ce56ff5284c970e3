-- One row per completed call of some functions (a list): when it ended, and the latest start among the
-- calls of its function on its thread that had ended by then. For "has A happened in between?"
-- Reads: calls.  Writes: last_done.
CREATE OR REPLACE MACRO last_done(functions) AS TABLE
SELECT
    thread_no,
    function,
    end_ts,
    max(start_ts) OVER (PARTITION BY thread_no, function ORDER BY end_ts) AS last_start_ts
FROM calls
WHERE outcome <> 'incomplete' AND function IN (SELECT unnest(functions));
