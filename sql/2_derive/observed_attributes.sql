-- One row per trace and attribute of a type of variable that it observes at all.
CREATE OR REPLACE TABLE observed_attributes AS
SELECT DISTINCT
    trace,
    variable_type,
    attribute
FROM var_runs;

COMMENT ON TABLE observed_attributes IS 'One row per trace and attribute that it observes at all';
