-- One row per attribute of a variable at one observation. Missing: no row. Null: 'null'.
CREATE OR REPLACE TABLE var_values AS
WITH recorded AS (
    SELECT
        trace,
        process_id,
        variable,
        variable_type,
        event_id,
        cause_id,
        start_ts AS ts,
        unnest(json_keys(attributes)) AS attribute,
        unnest(json_values(attributes)) AS value
    FROM events
    WHERE kind = 'state'
)

SELECT * REPLACE (canonical(value) AS value)
FROM recorded
WHERE NOT is_address(attribute) AND NOT regexp_matches(attribute, '^(is|has|can)_');

COMMENT ON TABLE var_values IS 'One row per attribute of a variable at one observation';
COMMENT ON COLUMN var_values.attribute IS 'data, grad, requires_grad, ...';
COMMENT ON COLUMN var_values.event_id IS 'the state''s row in events, with trace and process_id';
COMMENT ON COLUMN var_values.cause_id IS 'event_id of the call that changed the variable, if known';
COMMENT ON COLUMN var_values.value IS 'canonical JSON text; ''null'' is a recorded None';
