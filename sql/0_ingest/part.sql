-- One row per event of one process, `first_event` to `last_event`, with the event table's columns.
-- Parents are found outside of SQL and filled in.
-- Reads: placed_events, the Parquet file named by `staged`.  Writes: part.
CREATE OR REPLACE VIEW part AS
WITH
event AS (
    SELECT *
    FROM placed_events
    WHERE
        process_id = getvariable('process')
        AND event_id BETWEEN getvariable('first_event') AND getvariable('last_event')
)

SELECT
    event.kind,
    event.process_id,
    event.thread_id,
    event.event_id,
    event.start_ts,
    event.end_ts,
    event.outcome,
    CAST(NULL AS BIGINT) AS parent_id,
    beginning.function,
    CAST(NULL AS JSON) AS parameters,
    beginning.receiver,
    CAST(NULL AS VARCHAR) AS source,
    beginning.args,
    beginning.kwargs,
    ending.result,
    ending.exception,
    ending.exception_message,
    beginning.variable,
    beginning.variable_type,
    beginning.attributes,
    CAST(NULL AS BIGINT) AS cause_id,
    beginning.step,
    beginning.stage,
    beginning.meta,
    beginning.source_id,
    beginning.extra
FROM event
INNER JOIN read_parquet(getvariable('staged')) AS beginning USING (row_no)
LEFT JOIN read_parquet(getvariable('staged')) AS ending ON event.post_row = ending.row_no;

COMMENT ON VIEW part IS 'One row per event of one process, first_event to last_event';
