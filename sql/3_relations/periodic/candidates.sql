-- One row per attribute X of variables of type T and value V that one of them takes again and again.
-- Reads: var_runs.  Writes: candidates.  Settings: min_returns.
CREATE OR REPLACE TABLE candidates AS
SELECT DISTINCT
    variable_type,
    attribute,
    value
FROM (
    SELECT
        variable_type,
        attribute,
        value
    FROM var_runs
    GROUP BY trace, process_id, variable, variable_type, attribute, value
    HAVING count(*) > getvariable('min_returns')
);
