-- One row per function, and function around it, that the runs call a different number of times there.
-- Calls inside of a call that the other run lacks are counted with that call, not by themselves.
-- Reads: placed_calls, matched_calls, process_pairs.  Writes: call_differences.
CREATE OR REPLACE TEMP TABLE _lone_calls AS
SELECT placed.*
FROM placed_calls AS placed
ANTI JOIN matched_calls AS matched ON placed.call_id = matched.call_a
WHERE placed.side = 'a'
UNION ALL
SELECT placed.*
FROM placed_calls AS placed
ANTI JOIN matched_calls AS matched ON placed.call_id = matched.call_b
WHERE placed.side = 'b';

-- One row per lone call: the outermost lone call around it.
CREATE OR REPLACE TEMP TABLE _outermost AS
WITH RECURSIVE inside AS (
    SELECT
        lone.side,
        lone.call_id,
        lone.call_id AS outermost_id
    FROM _lone_calls AS lone
    LEFT JOIN _lone_calls AS around
        ON lone.side = around.side AND lone.parent_id = around.call_id
    WHERE around.call_id IS NULL
    UNION ALL
    SELECT
        lone.side,
        lone.call_id,
        inside.outermost_id
    FROM inside
    INNER JOIN _lone_calls AS lone
        ON inside.side = lone.side AND inside.call_id = lone.parent_id
)

SELECT
    side,
    outermost_id,
    count(*) - 1 AS contained
FROM inside
GROUP BY side, outermost_id;

CREATE OR REPLACE TABLE call_differences AS
WITH
total AS (
    SELECT
        function,
        parent_function,
        count(*) FILTER (WHERE side = 'a') AS calls_a,
        count(*) FILTER (WHERE side = 'b') AS calls_b
    FROM placed_calls
    GROUP BY function, parent_function
),

anywhere AS (
    SELECT
        function,
        sum(calls_a) = 0 OR sum(calls_b) = 0 AS is_in_one_run
    FROM total
    GROUP BY function
),

lone AS (
    SELECT
        lone.function,
        lone.parent_function,
        min(lone.step) AS first_step,
        max(lone.step) AS last_step,
        count(DISTINCT lone.step) AS steps,
        min(lone.event_id) AS first_event,
        CAST(sum(outermost.contained) AS BIGINT) AS contained,
        list(DISTINCT lone.pair_no) AS pairs
    FROM _outermost AS outermost
    INNER JOIN _lone_calls AS lone
        ON outermost.side = lone.side AND outermost.outermost_id = lone.call_id
    GROUP BY lone.function, lone.parent_function
)

SELECT
    CASE
        WHEN total.calls_b = 0 THEN 'gone'
        WHEN total.calls_a = 0 THEN 'added'
        WHEN total.calls_b < total.calls_a THEN 'fewer'
        WHEN total.calls_b > total.calls_a THEN 'more'
        ELSE 'elsewhere'
    END AS change,
    CAST(lone.function AS VARCHAR) AS function,
    CAST(lone.parent_function AS VARCHAR) AS inside,
    total.calls_a AS a,
    total.calls_b AS b,
    lone.first_step,
    lone.last_step,
    lone.steps,
    lone.contained,
    names_of_pairs(lone.pairs) AS processes,
    row_number() OVER (
        ORDER BY
            NOT anywhere.is_in_one_run,
            total.calls_a > 0 AND total.calls_b > 0,
            lone.first_step NULLS FIRST,
            lone.first_event,
            lone.function,
            lone.parent_function
    ) AS place
FROM lone
INNER JOIN anywhere USING (function)
INNER JOIN total
    ON
        lone.function = total.function
        AND lone.parent_function IS NOT DISTINCT FROM total.parent_function;

DROP TABLE _lone_calls;
DROP TABLE _outermost;
