-- One row per different payloads that a function got, or returned, at one place of A and B.
-- Looked at are calls in line; results only where both returned. Reads: matched_calls, placed_calls,
-- call_payloads.  Writes: payload_pairs, outcome_pairs, compared_calls.
CREATE OR REPLACE TEMP TABLE _compared AS
SELECT
    placed.pair_no,
    placed.function,
    placed.parent_function,
    placed.step,
    placed.event_id,
    a.has_input AND b.has_input AS has_input,
    a.outcome AS outcome_a,
    b.outcome AS outcome_b,
    a.input_id AS input_a,
    b.input_id AS input_b,
    a.output_id AS output_a,
    b.output_id AS output_b
FROM matched_calls AS matched
INNER JOIN placed_calls AS placed ON placed.side = 'a' AND matched.call_a = placed.call_id
INNER JOIN call_payloads AS a ON matched.call_a = a.call_id
INNER JOIN call_payloads AS b ON matched.call_b = b.call_id
WHERE matched.is_in_line;

-- One row per function and function around it: how many of its calls were compared.
CREATE OR REPLACE TABLE compared_calls AS
SELECT
    function,
    parent_function,
    count(*) AS compared
FROM _compared
GROUP BY function, parent_function;

CREATE OR REPLACE TABLE payload_pairs AS
WITH side AS (
    SELECT
        *,
        'input' AS side,
        input_a AS payload_a,
        input_b AS payload_b
    FROM _compared
    WHERE has_input AND input_a <> input_b
    UNION ALL
    SELECT
        *,
        'output' AS side,
        output_a AS payload_a,
        output_b AS payload_b
    FROM _compared
    WHERE outcome_a = 'ok' AND outcome_b = 'ok' AND output_a <> output_b
)

SELECT
    side,
    function,
    parent_function,
    payload_a,
    payload_b,
    pair_no,
    count(*) AS times,
    arg_min_null(step, event_id) AS first_step,
    min(event_id) AS first_event
FROM side
GROUP BY side, function, parent_function, payload_a, payload_b, pair_no;

-- One row per function that ended in another way in B.
CREATE OR REPLACE TABLE outcome_pairs AS
SELECT
    function,
    parent_function,
    outcome_a,
    outcome_b,
    pair_no,
    count(*) AS times,
    arg_min_null(step, event_id) AS first_step,
    min(event_id) AS first_event
FROM _compared
WHERE outcome_a <> outcome_b
GROUP BY function, parent_function, outcome_a, outcome_b, pair_no;

DROP TABLE _compared;
