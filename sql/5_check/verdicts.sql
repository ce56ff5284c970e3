-- The tables of all relations' verdicts, empty: each relation adds its own. What no violation asks for
-- stays empty.
-- Writes: judged, violations, nearest_examples, nested_functions, variable_facts.
CREATE OR REPLACE TABLE judged (
    hypothesis_id BIGINT, trace VARCHAR, examples BIGINT, violations BIGINT
);

CREATE OR REPLACE TABLE violations (
    hypothesis_id BIGINT,
    weight BIGINT,
    trace VARCHAR,
    decided_ts BIGINT,
    start_ts BIGINT,
    process_id BIGINT,
    event_id BIGINT,
    process_id_2 BIGINT,
    event_id_2 BIGINT
);

CREATE OR REPLACE TABLE nested_functions (trace VARCHAR, function VARCHAR, child VARCHAR);

CREATE OR REPLACE TABLE variable_facts (
    trace VARCHAR,
    variable_type VARCHAR,
    variables BIGINT,
    changed BIGINT,
    frozen BIGINT,
    left_alone BIGINT,
    unreached BIGINT
);

CREATE OR REPLACE TABLE nearest_examples (
    hypothesis_id BIGINT,
    trace VARCHAR,
    process_id BIGINT,
    event_id BIGINT,
    process_id_2 BIGINT,
    event_id_2 BIGINT
);

COMMENT ON TABLE nearest_examples IS
'One row per hypothesis and trace: the example that held nearest to the first violation';
COMMENT ON TABLE judged IS 'One row per hypothesis and trace: how many examples were judged';
COMMENT ON COLUMN judged.examples IS 'examples whose precondition holds';
COMMENT ON COLUMN judged.violations IS 'negative ones among them';
COMMENT ON TABLE violations IS 'One row per violation: a negative example whose precondition holds';
COMMENT ON COLUMN violations.decided_ts IS 'ns, when it was certain';
COMMENT ON COLUMN violations.event_id IS 'the record in events, with trace and process_id';
