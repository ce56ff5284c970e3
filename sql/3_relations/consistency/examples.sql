-- One row per hypothesis and pair of overlapping runs of two variables: positive if equal.
-- The records of an example are the first observations of the two runs.
-- A rule with a tolerance takes tensors for equal whose norms are that close; the setting, if given,
-- is the tolerance of all rules.
-- Reads: hypotheses, compared_runs, run_slices, state_vectors.
-- Writes: examples, pair_fields, pair_values, pair_columns.  Settings: min_overlap, tolerance.
CREATE OR REPLACE TABLE _consistency AS
SELECT
    hypothesis_id,
    params ->> '$[0].var_type' AS variable_type,
    params ->> '$[0].attr_name' AS attribute,
    params ->> '$[1].var_type' AS variable_type_2,
    params ->> '$[1].attr_name' AS attribute_2,
    coalesce(getvariable('tolerance'), TRY_CAST(params ->> '$[0].tolerance' AS DOUBLE)) AS tolerance,
    params ->> '$[0].var_type' = params ->> '$[1].var_type'
    AND params ->> '$[0].attr_name' = params ->> '$[1].attr_name' AS is_symmetric
FROM hypotheses;

CREATE OR REPLACE TABLE pair_fields AS FROM state_fields;
CREATE OR REPLACE TABLE pair_values AS FROM state_values;
CREATE OR REPLACE TABLE pair_columns AS FROM state_columns;

CREATE OR REPLACE VIEW examples AS
WITH
pair AS (
    SELECT
        stated.hypothesis_id,
        stated.tolerance,
        a.run_id,
        b.run_id AS run_id_2
    FROM _consistency AS stated
    INNER JOIN run_slices AS a
        ON stated.variable_type = a.variable_type AND stated.attribute = a.attribute
    INNER JOIN run_slices AS b
        ON
            stated.variable_type_2 = b.variable_type
            AND stated.attribute_2 = b.attribute
            AND a.trace = b.trace
            AND a.slice = b.slice
    WHERE
        a.variable_no <> b.variable_no
        AND (NOT stated.is_symmetric OR a.variable_no < b.variable_no)
        AND a.slice = greatest(a.first_slice, b.first_slice)
        AND overlap(a.from_ts, a.to_ts, b.from_ts, b.to_ts) > getvariable('min_overlap')
)

SELECT
    pair.hypothesis_id,
    a.value = b.value OR coalesce(is_close(a.norm, b.norm, pair.tolerance), false) AS is_positive,
    1 AS weight,
    pair_signature(fields_1.fields, fields_2.fields) AS signature,
    a.trace,
    greatest(a.from_ts, b.from_ts) AS decided_ts,
    least(a.from_ts, b.from_ts) AS start_ts,
    a.process_id,
    a.event_id,
    b.process_id AS process_id_2,
    b.event_id AS event_id_2
FROM pair
INNER JOIN compared_runs AS a USING (run_id)
INNER JOIN compared_runs AS b ON pair.run_id_2 = b.run_id
INNER JOIN state_vectors AS fields_1
    ON
        a.trace = fields_1.trace
        AND a.process_id = fields_1.process_id
        AND a.event_id = fields_1.event_id
INNER JOIN state_vectors AS fields_2
    ON
        b.trace = fields_2.trace
        AND b.process_id = fields_2.process_id
        AND b.event_id = fields_2.event_id;
