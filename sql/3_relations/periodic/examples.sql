-- One row per hypothesis and variable of type T that has the attribute: positive if it takes the
-- value often enough. The record is the variable's last observation of the attribute.
-- Reads: hypotheses, var_values, var_runs, state_vectors, events.
-- Writes: examples, pair_fields, pair_values, pair_columns.  Settings: min_returns.
CREATE OR REPLACE TABLE pair_fields AS FROM state_fields;
CREATE OR REPLACE TABLE pair_values AS FROM state_values;
CREATE OR REPLACE TABLE pair_columns AS FROM state_columns;

CREATE OR REPLACE VIEW examples AS
WITH
stated AS (
    SELECT
        hypothesis_id,
        params ->> '$[0].var_type' AS variable_type,
        params ->> '$[0].attr_name' AS attribute,
        canonical(json_extract(params, '$[0].const_value')) AS value
    FROM hypotheses
),

variable AS (
    SELECT
        trace,
        process_id,
        variable,
        variable_type,
        attribute,
        max_by(event_id, (ts, event_id)) AS event_id,
        max(ts) AS ts
    FROM var_values
    GROUP BY ALL
),

returns AS (
    SELECT
        trace,
        process_id,
        variable,
        variable_type,
        attribute,
        value,
        count(*) AS runs
    FROM var_runs
    GROUP BY ALL
)

SELECT
    stated.hypothesis_id,
    coalesce(returns.runs > getvariable('min_returns'), false) AS is_positive,
    1 AS weight,
    CAST(vector.fields AS VARCHAR) AS signature,
    variable.trace,
    variable.ts AS decided_ts,
    variable.ts AS start_ts,
    variable.process_id,
    variable.event_id,
    CAST(NULL AS BIGINT) AS process_id_2,
    CAST(NULL AS BIGINT) AS event_id_2
FROM stated
INNER JOIN variable USING (variable_type, attribute)
INNER JOIN state_vectors AS vector USING (trace, process_id, event_id)
LEFT JOIN returns
    ON
        variable.trace = returns.trace
        AND variable.process_id = returns.process_id
        AND variable.variable = returns.variable
        AND variable.variable_type = returns.variable_type
        AND variable.attribute = returns.attribute
        AND stated.value = returns.value;
