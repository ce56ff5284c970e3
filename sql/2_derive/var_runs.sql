-- One row per run: an interval in which an attribute of a variable kept its value.
-- A run ends where the next one begins; the last ends with the trace.
CREATE OR REPLACE TABLE var_runs AS
WITH
observed AS (
    SELECT
        *,
        lag(value) OVER observations AS previous
    FROM var_values
    WINDOW
        observations AS (
            PARTITION BY trace, process_id, variable, variable_type, attribute
            ORDER BY ts, event_id
        )
),

begun AS (
    SELECT * EXCLUDE (previous)
    FROM observed
    WHERE previous IS NULL OR previous <> value
)

SELECT
    begun.trace,
    begun.process_id,
    begun.variable,
    begun.variable_type,
    begun.attribute,
    row_number() OVER runs AS run_no,
    begun.value,
    lag(begun.value) OVER runs AS previous_value,
    begun.ts AS from_ts,
    coalesce(lead(begun.ts) OVER runs, bounds.end_ts) AS to_ts,
    begun.event_id,
    begun.cause_id
FROM begun
INNER JOIN trace_bounds AS bounds USING (trace)
WINDOW
    runs AS (
        PARTITION BY
            begun.trace, begun.process_id, begun.variable, begun.variable_type, begun.attribute
        ORDER BY begun.ts, begun.event_id
    );

COMMENT ON TABLE var_runs IS 'One row per interval in which an attribute kept its value';
COMMENT ON COLUMN var_runs.run_no IS '1, 2, ... per variable and attribute';
COMMENT ON COLUMN var_runs.value IS 'canonical JSON text';
COMMENT ON COLUMN var_runs.previous_value IS 'value of the run before; NULL for the first run';
COMMENT ON COLUMN var_runs.from_ts IS 'ns, first observation of the run';
COMMENT ON COLUMN var_runs.to_ts IS 'ns, first observation of the next run, or the end of the trace';
COMMENT ON COLUMN var_runs.event_id IS 'its first observation in events';
COMMENT ON COLUMN var_runs.cause_id IS 'event_id of the call that began it, if known';
