-- One row per record of a first violation, as the event table has it, but for `source`: a call of a
-- library has that of the nearest call around it, a variable that of the call that changed it.
-- Reads: first_violations, events.  Writes: violation_records.
CREATE OR REPLACE TABLE violation_records AS
WITH RECURSIVE
wanted AS (
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
),

record AS MATERIALIZED (
    SELECT events.*
    FROM events
    INNER JOIN wanted USING (trace, process_id, event_id)
),

-- The records, and the calls around those that have no place of their own. Where no call has one,
-- none is looked at.
climbed AS (
    SELECT
        trace,
        process_id,
        event_id,
        source,
        if(
            EXISTS (SELECT 1 FROM events WHERE source IS NOT NULL),
            coalesce(parent_id, cause_id), NULL
        ) AS next_id
    FROM record
    UNION ALL
    SELECT
        climbed.trace,
        climbed.process_id,
        climbed.event_id,
        call.source,
        call.parent_id AS next_id
    FROM climbed
    INNER JOIN events AS call
        ON
            climbed.trace = call.trace
            AND climbed.process_id = call.process_id
            AND climbed.next_id = call.event_id
    WHERE climbed.source IS NULL
)

SELECT record.* REPLACE (climbed.source AS source)
FROM record
LEFT JOIN climbed
    ON
        record.trace = climbed.trace
        AND record.process_id = climbed.process_id
        AND record.event_id = climbed.event_id
        AND climbed.source IS NOT NULL;

COMMENT ON TABLE violation_records IS 'One row per record of a first violation';
COMMENT ON COLUMN violation_records.source IS 'of the nearest call around it that has one';
