-- One row per variable and what is different about it, its content aside: that it is there, until when
-- it changes, that it has gradients, its other attributes.
-- Reads: events, compared_processes, shared_steps, placed_values, first_values.
-- Writes: parameter_differences.
CREATE OR REPLACE TABLE parameter_differences AS
WITH
there AS (
    SELECT
        process.pair_no,
        event.variable,
        event.variable_type,
        bool_or(process.side = 'a') AS in_a,
        bool_or(process.side = 'b') AS in_b,
        bool_or(shared.pair_no IS NOT NULL) AS in_shared_step,
        min(event.step) AS step
    FROM events AS event
    INNER JOIN compared_processes AS process USING (trace, process_id)
    LEFT JOIN shared_steps AS shared
        ON process.pair_no = shared.pair_no AND event.step IS NOT DISTINCT FROM shared.step
    WHERE event.kind = 'state'
    GROUP BY process.pair_no, event.variable, event.variable_type
),

history AS (
    SELECT
        pair_no,
        variable,
        variable_type,
        max(step) FILTER (WHERE side = 'a' AND attribute = 'data' AND run_no > 1) AS last_a,
        max(step) FILTER (WHERE side = 'b' AND attribute = 'data' AND run_no > 1) AS last_b,
        count(*) FILTER (WHERE side = 'a' AND attribute = 'grad') AS seen_a,
        count(*) FILTER (WHERE side = 'b' AND attribute = 'grad') AS seen_b,
        min(step) FILTER (WHERE attribute = 'grad' AND value <> 'null') AS first_grad,
        count(*) FILTER (WHERE side = 'a' AND attribute = 'grad' AND value <> 'null') AS grads_a,
        count(*) FILTER (WHERE side = 'b' AND attribute = 'grad' AND value <> 'null') AS grads_b
    FROM placed_values
    GROUP BY pair_no, variable, variable_type
),

found AS (
    SELECT
        pair_no,
        1 AS turn,
        variable,
        variable_type,
        'is there' AS what,
        if(in_a, 'yes', 'no') AS a,
        if(in_b, 'yes', 'no') AS b,
        step
    FROM there
    WHERE in_shared_step AND NOT (in_a AND in_b)
    UNION ALL
    SELECT
        pair_no,
        2 AS turn,
        variable,
        variable_type,
        'last step that changes it' AS what,
        coalesce(CAST(last_a AS VARCHAR), 'never') AS a,
        coalesce(CAST(last_b AS VARCHAR), 'never') AS b,
        if(last_a IS NULL OR last_b IS NULL, NULL, least(last_a, last_b)) AS step
    FROM history
    WHERE last_a IS DISTINCT FROM last_b
    UNION ALL
    SELECT
        pair_no,
        3 AS turn,
        variable,
        variable_type,
        'has gradients' AS what,
        if(grads_a > 0, 'yes', 'no') AS a,
        if(grads_b > 0, 'yes', 'no') AS b,
        first_grad AS step
    FROM history
    WHERE (grads_a > 0) <> (grads_b > 0) AND seen_a > 0 AND seen_b > 0
    UNION ALL
    SELECT
        pair_no,
        4 AS turn,
        variable,
        variable_type,
        attribute AS what,
        value_a AS a,
        value_b AS b,
        step
    FROM first_values
    WHERE attribute NOT IN ('data', 'grad')
)

SELECT
    variable,
    variable_type,
    what,
    a,
    b,
    step,
    names_of_pairs(list(pair_no)) AS processes,
    row_number() OVER (
        ORDER BY
            turn, step NULLS FIRST, min(pair_no),
            variable, variable_type, what
    ) AS place
FROM found
GROUP BY
    turn, variable, variable_type, what, a, b, step;
