-- One row per value that an attribute of a variable takes in a shared step of a compared process.
-- Its place is the step and the how-manieth it is there. Attributes that one run does not observe of a
-- variable are left out. Reads: var_runs, events, compared_processes, shared_steps.
-- Writes: placed_values.
CREATE OR REPLACE TABLE placed_values AS
WITH
placed AS (
    SELECT
        process.pair_no,
        process.side,
        run.variable,
        run.variable_type,
        run.attribute,
        run.value,
        run.run_no,
        run.trace,
        run.process_id,
        run.event_id,
        run.cause_id,
        state.step,
        min(process.side) OVER attribute <> max(process.side) OVER attribute AS is_in_both
    FROM var_runs AS run
    INNER JOIN compared_processes AS process USING (trace, process_id)
    INNER JOIN events AS state USING (trace, process_id, event_id)
    WHERE state.kind = 'state'
    WINDOW
        attribute AS (
            PARTITION BY process.pair_no, run.variable, run.variable_type, run.attribute
        )
)

SELECT
    placed.* EXCLUDE (is_in_both),
    row_number() OVER (
        PARTITION BY
            placed.pair_no, placed.side, placed.variable, placed.variable_type, placed.attribute,
            placed.step
        ORDER BY placed.event_id
    ) AS nth
FROM placed
SEMI JOIN shared_steps AS shared
    ON placed.pair_no = shared.pair_no AND placed.step IS NOT DISTINCT FROM shared.step
WHERE placed.is_in_both;
