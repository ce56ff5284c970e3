-- One row per trace and type of variables: how many there are, and how they fared.
-- Reads: var_runs.  Writes: variable_facts.
CREATE OR REPLACE TABLE variable_facts AS
WITH variable AS (
    SELECT
        trace,
        variable_type,
        process_id,
        variable,
        coalesce(bool_or(attribute = 'data' AND run_no > 1), false) AS is_changed,
        coalesce(bool_or(attribute = 'requires_grad' AND value = 'false'), false) AS is_frozen,
        coalesce(bool_or(attribute = 'grad' AND value <> 'null'), false) AS has_gradient
    FROM var_runs
    GROUP BY trace, variable_type, process_id, variable
)

SELECT
    trace,
    variable_type,
    count(*) AS variables,
    count(*) FILTER (is_changed) AS changed,
    count(*) FILTER (NOT is_changed AND is_frozen) AS frozen,
    count(*) FILTER (NOT is_changed AND NOT is_frozen AND has_gradient) AS left_alone,
    count(*) FILTER (NOT is_changed AND NOT is_frozen AND NOT has_gradient) AS unreached
FROM variable
GROUP BY trace, variable_type;

COMMENT ON TABLE variable_facts IS
'One row per trace and type of variables: how many there are, and how they fared';
COMMENT ON COLUMN variable_facts.changed IS 'variables whose data changed at some time';
COMMENT ON COLUMN variable_facts.frozen IS 'others that at some time needed no gradient';
COMMENT ON COLUMN variable_facts.left_alone IS 'others that had a gradient at some time';
COMMENT ON COLUMN variable_facts.unreached IS 'others: they never had a gradient';
