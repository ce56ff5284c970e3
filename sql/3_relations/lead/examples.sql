-- One row per hypothesis and call of A but the last: positive if B was called, to its end, before
-- the next call of A began. Where A is called once, B must end no earlier than A. On a thread where
-- the two never follow each other every call of A is negative, also the last.
-- Reads: hypotheses, calls, ordered_functions, last_done.  Writes: examples.
CREATE OR REPLACE VIEW examples AS
WITH
stated AS (
    SELECT
        hypothesis_id,
        TRY_CAST(
            json_extract_string(params, '$[' || place || '].api_full_name') AS function_name
        ) AS a,
        TRY_CAST(
            json_extract_string(params, '$[' || (place + 1) || '].api_full_name') AS function_name
        ) AS b
    FROM (
        SELECT
            hypothesis_id,
            params,
            unnest(range(CAST(json_array_length(params) AS BIGINT) - 1)) AS place
        FROM hypotheses
    )
),

first_call AS (
    SELECT
        call.*,
        lead(call.start_ts) OVER calls_of_function AS next_start_ts,
        count(*) OVER (PARTITION BY call.thread_no, call.function) AS calls
    FROM calls AS call
    INNER JOIN ordered_functions AS placed USING (thread_no, function)
    WHERE
        call.outcome <> 'incomplete'
        AND placed.has_neighbour
        AND call.function IN (SELECT stated.a FROM stated)
    WINDOW
        calls_of_function AS (
            PARTITION BY call.thread_no, call.function ORDER BY call.start_ts, call.event_id
        )
),

judged AS (
    SELECT
        stated.hypothesis_id,
        stated.b,
        call.*,
        coalesce(call.next_start_ts, threads.last_ts) AS window_end_ts,
        coalesce(
            first_placed.first_end_ts < second_placed.last_start_ts
            OR second_placed.first_end_ts < first_placed.last_start_ts, false
        ) AS take_turns
    FROM stated
    INNER JOIN first_call AS call ON stated.a = call.function
    INNER JOIN threads ON call.thread_no = threads.thread_no
    INNER JOIN ordered_functions AS first_placed
        ON call.thread_no = first_placed.thread_no AND call.function = first_placed.function
    LEFT JOIN ordered_functions AS second_placed
        ON call.thread_no = second_placed.thread_no AND stated.b = second_placed.function
)

SELECT
    judged.hypothesis_id,
    judged.take_turns AND coalesce(
        if(judged.calls = 1, done.end_ts >= judged.end_ts, done.last_start_ts > judged.end_ts),
        false
    ) AS is_positive,
    1 AS weight,
    CAST(judged.context_id AS VARCHAR) AS signature,
    judged.trace,
    judged.window_end_ts AS decided_ts,
    judged.start_ts,
    judged.process_id,
    judged.event_id,
    CAST(NULL AS BIGINT) AS process_id_2,
    CAST(NULL AS BIGINT) AS event_id_2
FROM judged
ASOF LEFT JOIN last_done((SELECT list(DISTINCT stated.b) FROM stated)) AS done
    ON
        judged.thread_no = done.thread_no
        AND judged.b = done.function
        AND judged.window_end_ts >= done.end_ts
WHERE judged.next_start_ts IS NOT NULL OR judged.calls = 1 OR NOT judged.take_turns;
