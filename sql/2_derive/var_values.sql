-- One row per attribute of a variable at one observation. Missing: no row. Null: 'null'.
CREATE OR REPLACE TABLE var_values AS
SELECT
    state.trace,
    state.process_id,
    state.variable,
    state.variable_type,
    state.event_id,
    state.cause_id,
    state.start_ts AS ts,
    attribute.key AS attribute,
    canonical(attribute.value) AS value
FROM events AS state, json_each(state.attributes) AS attribute
WHERE
    state.kind = 'state'
    AND NOT is_address(attribute.key)
    AND NOT regexp_matches(attribute.key, '^(is|has|can)_');

COMMENT ON TABLE var_values IS 'One row per attribute of a variable at one observation';
COMMENT ON COLUMN var_values.attribute IS 'data, grad, requires_grad, ...';
COMMENT ON COLUMN var_values.event_id IS 'the state''s row in events, with trace and process_id';
COMMENT ON COLUMN var_values.cause_id IS 'event_id of the call that changed the variable, if known';
COMMENT ON COLUMN var_values.value IS 'canonical JSON text; ''null'' is a recorded None';
