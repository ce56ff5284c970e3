-- One row per call around a witness, from the outermost on, and per function called directly inside it.
-- Reads: witnesses, events.  Writes: witness_calls.
CREATE OR REPLACE TABLE witness_calls AS
WITH RECURSIVE
around AS (
    SELECT DISTINCT
        trace,
        process_id,
        event_id AS witness_id,
        coalesce(parent_id, cause_id) AS event_id,
        1 AS distance
    FROM witnesses
    WHERE coalesce(parent_id, cause_id) IS NOT NULL
    UNION ALL
    SELECT
        around.trace,
        around.process_id,
        around.witness_id,
        call.parent_id AS event_id,
        around.distance + 1 AS distance
    FROM around
    INNER JOIN events AS call USING (trace, process_id, event_id)
    WHERE call.parent_id IS NOT NULL
),

witness AS (
    SELECT DISTINCT
        trace,
        process_id,
        event_id AS witness_id
    FROM witnesses
)

SELECT
    around.trace,
    around.process_id,
    around.witness_id,
    -around.distance AS place,
    call.function,
    1 AS calls,
    call.source
FROM around
INNER JOIN events AS call USING (trace, process_id, event_id)
UNION ALL
SELECT
    witness.trace,
    witness.process_id,
    witness.witness_id,
    min(inside.event_id) AS place,
    inside.function,
    count(*) AS calls,
    arg_min(inside.source, inside.event_id) AS source
FROM witness
INNER JOIN events AS inside
    ON
        witness.trace = inside.trace
        AND witness.process_id = inside.process_id
        AND witness.witness_id = inside.parent_id
WHERE inside.kind = 'call'
GROUP BY witness.trace, witness.process_id, witness.witness_id, inside.function;

COMMENT ON TABLE witness_calls IS
'One row per call around a witness, and per function that is called directly inside it';
COMMENT ON COLUMN witness_calls.witness_id IS 'event_id of the witness';
COMMENT ON COLUMN witness_calls.place IS
'-1 for the call right around it, -2 for the one around that, ...; event_id of the first inside it';
COMMENT ON COLUMN witness_calls.calls IS 'how often the function is called';
COMMENT ON COLUMN witness_calls.source IS 'of the call, or of the first that has one';
