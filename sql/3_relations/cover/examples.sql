-- One row per hypothesis and call of B: positive if A was called, to its end, since the call of B
-- before it. A thread on which B has no neighbour at all says nothing.
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

second_call AS (
    SELECT
        call.*,
        lag(call.end_ts) OVER (
            PARTITION BY call.thread_no, call.function ORDER BY call.start_ts, call.event_id
        ) AS previous_end_ts
    FROM calls AS call
    INNER JOIN ordered_functions AS placed USING (thread_no, function)
    WHERE
        call.outcome <> 'incomplete'
        AND placed.has_neighbour
        AND call.function IN (SELECT stated.b FROM stated)
),

judged AS (
    SELECT
        stated.hypothesis_id,
        stated.a,
        call.*
    FROM stated
    INNER JOIN second_call AS call ON stated.b = call.function
)

SELECT
    judged.hypothesis_id,
    done.last_start_ts IS NOT NULL
    AND (judged.previous_end_ts IS NULL OR done.last_start_ts > judged.previous_end_ts)
        AS is_positive,
    1 AS weight,
    CAST(judged.context_id AS VARCHAR) AS signature,
    judged.trace,
    judged.start_ts AS decided_ts,
    judged.start_ts,
    judged.process_id,
    judged.event_id,
    CAST(NULL AS BIGINT) AS process_id_2,
    CAST(NULL AS BIGINT) AS event_id_2
FROM judged
ASOF LEFT JOIN last_done((SELECT list(DISTINCT stated.a) FROM stated)) AS done
    ON
        judged.thread_no = done.thread_no
        AND judged.a = done.function
        AND judged.start_ts >= done.end_ts;
