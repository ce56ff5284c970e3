-- One row per change of an attribute of a variable: the start of each run but the first.
CREATE OR REPLACE VIEW var_changes AS
SELECT
    trace,
    process_id,
    variable,
    variable_type,
    attribute,
    from_ts AS ts,
    previous_value AS old_value,
    value AS new_value,
    event_id,
    cause_id
FROM var_runs
WHERE run_no > 1;

COMMENT ON VIEW var_changes IS 'One row per change of an attribute of a variable';
COMMENT ON COLUMN var_changes.ts IS 'ns, first observation of the new value';
