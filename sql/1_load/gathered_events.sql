-- One row per event of all traces, as events has it, from one file: to open thousands of small parts
-- again and again takes longer than to read them. tc-engine runs this where there are many.
-- Reads: events.  Writes: events, the Parquet file named by `gathered`.
COPY (FROM events) TO (getvariable('gathered')) (FORMAT parquet, COMPRESSION lz4); -- noqa: PRS

CREATE OR REPLACE VIEW events AS
SELECT * REPLACE (CAST(trace AS trace_name) AS trace)
FROM read_parquet(getvariable('gathered'));
COMMENT ON VIEW events IS 'One row per event of all traces: a call, or a variable''s state';
