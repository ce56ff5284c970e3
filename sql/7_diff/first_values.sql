-- One row per attribute of a variable: the first place where its value differs, and what it is there.
-- A value is NULL where only the other run changes the attribute. Reads: placed_values, calls.
-- Writes: first_values.
CREATE OR REPLACE TABLE first_values AS
WITH
differing AS (
    SELECT
        coalesce(a.pair_no, b.pair_no) AS pair_no,
        coalesce(a.variable, b.variable) AS variable,
        coalesce(a.variable_type, b.variable_type) AS variable_type,
        coalesce(a.attribute, b.attribute) AS attribute,
        coalesce(a.step, b.step) AS step,
        coalesce(a.nth, b.nth) AS nth,
        coalesce(a.event_id, b.event_id) AS event_id,
        a.value AS value_a,
        b.value AS value_b,
        a.trace AS trace_a,
        b.trace AS trace_b,
        a.process_id AS process_a,
        b.process_id AS process_b,
        a.cause_id AS cause_a,
        b.cause_id AS cause_b
    FROM (SELECT * FROM placed_values WHERE side = 'a') AS a
    FULL JOIN (SELECT * FROM placed_values WHERE side = 'b') AS b
        ON
            a.pair_no = b.pair_no
            AND a.variable = b.variable
            AND a.variable_type = b.variable_type
            AND a.attribute = b.attribute
            AND a.step IS NOT DISTINCT FROM b.step
            AND a.nth = b.nth
    WHERE a.value IS DISTINCT FROM b.value
),

ranked AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY pair_no, variable, variable_type, attribute
            ORDER BY step NULLS FIRST, nth
        ) AS turn
    FROM differing
)

SELECT
    first.pair_no,
    first.variable,
    first.variable_type,
    first.attribute,
    first.step,
    first.event_id,
    first.value_a,
    first.value_b,
    CAST(a.function AS VARCHAR) AS cause_a,
    CAST(b.function AS VARCHAR) AS cause_b
FROM ranked AS first
LEFT JOIN calls AS a
    ON first.trace_a = a.trace AND first.process_a = a.process_id AND first.cause_a = a.event_id
LEFT JOIN calls AS b
    ON first.trace_b = b.trace AND first.process_b = b.process_id AND first.cause_b = b.event_id
WHERE first.turn = 1;
