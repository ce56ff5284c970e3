-- One row per record that shows a violation: of the first one, and of the nearest example that held.
-- Reads: first_violations, nearest_examples, events.  Writes: witnesses.
CREATE OR REPLACE TABLE witnesses AS
WITH
shown AS (
    SELECT
        hypothesis_id,
        trace,
        false AS held,
        process_id,
        event_id,
        process_id_2,
        event_id_2
    FROM first_violations
    UNION ALL
    SELECT
        hypothesis_id,
        trace,
        true AS held,
        process_id,
        event_id,
        process_id_2,
        event_id_2
    FROM nearest_examples
),

record AS (
    SELECT
        hypothesis_id,
        trace,
        held,
        1 AS place,
        process_id,
        event_id
    FROM shown
    UNION ALL
    SELECT
        hypothesis_id,
        trace,
        held,
        2 AS place,
        process_id_2 AS process_id,
        event_id_2 AS event_id
    FROM shown
    WHERE event_id_2 IS NOT NULL
),

maker AS (
    SELECT
        trace,
        process_id,
        receiver,
        arg_min(source, event_id) AS made_at
    FROM events
    WHERE kind = 'call' AND ends_with(function, '.__init__') AND source IS NOT NULL
    GROUP BY trace, process_id, receiver
)

SELECT
    record.hypothesis_id,
    record.held,
    record.place,
    events.*,
    maker.made_at
FROM record
INNER JOIN events USING (trace, process_id, event_id)
LEFT JOIN maker USING (trace, process_id, receiver);

COMMENT ON TABLE witnesses IS 'One row per record that shows a violation, or what held nearest to it';
COMMENT ON COLUMN witnesses.held IS 'it is of an example that held';
COMMENT ON COLUMN witnesses.place IS '1, or 2 for the other record of a pair';
COMMENT ON COLUMN witnesses.made_at IS 'source of the call that made its receiver, where recorded';
