-- One row per record of a first violation, as the event table has it.
CREATE OR REPLACE TABLE violation_records AS
WITH wanted AS (
    SELECT DISTINCT
        trace,
        process_id,
        event_id
    FROM first_violations
    UNION
    SELECT DISTINCT
        trace,
        process_id_2 AS process_id,
        event_id_2 AS event_id
    FROM first_violations
    WHERE event_id_2 IS NOT NULL
)

SELECT events.*
FROM events
INNER JOIN wanted USING (trace, process_id, event_id);

COMMENT ON TABLE violation_records IS 'One row per record of a first violation';
