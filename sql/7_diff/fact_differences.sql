-- One row per function, function around it, fact of an argument or result, and its values in A and B.
-- More than three pairs of values are one row, with the first of them: such a fact varies anyway.
-- Reads: payload_pairs, payload_facts, outcome_pairs, compared_calls.  Writes: fact_differences.
CREATE OR REPLACE TABLE fact_differences AS
WITH
pair AS (
    SELECT DISTINCT
        payload_a,
        payload_b
    FROM payload_pairs
),

one_sided AS (
    SELECT
        pair.*,
        facts.name,
        facts.path,
        facts.value AS a,
        NULL AS b
    FROM pair
    INNER JOIN payload_facts AS facts ON pair.payload_a = facts.payload_id
    UNION ALL
    SELECT
        pair.*,
        facts.name,
        facts.path,
        NULL AS a,
        facts.value AS b
    FROM pair
    INNER JOIN payload_facts AS facts ON pair.payload_b = facts.payload_id
),

together AS (
    SELECT
        payload_a,
        payload_b,
        name,
        path,
        max(a) AS a,
        max(b) AS b
    FROM one_sided
    GROUP BY payload_a, payload_b, name, path
),

typed AS (
    SELECT
        *,
        max(a) FILTER (WHERE path = '.type') OVER whole AS type_a,
        max(b) FILTER (WHERE path = '.type') OVER whole AS type_b,
        coalesce(max(a) FILTER (WHERE path = '') OVER whole, type_a) AS shown_a,
        coalesce(max(b) FILTER (WHERE path = '') OVER whole, type_b) AS shown_b,
        bool_or(
            a IS DISTINCT FROM b AND regexp_full_match(coalesce(a, b), '\[\d+ items\]')
        ) OVER whole AS is_resized
    FROM together
    WINDOW whole AS (PARTITION BY payload_a, payload_b, name)
),

-- What has another type, or is there in one run only, is told as a whole.
differing AS (
    SELECT
        payload_a,
        payload_b,
        name AS fact,
        true AS is_type,
        shown_a AS a,
        shown_b AS b
    FROM typed
    WHERE path = '.type' AND type_a IS DISTINCT FROM type_b AND shown_a IS DISTINCT FROM shown_b
    UNION
    SELECT
        payload_a,
        payload_b,
        name || regexp_replace(path, '\[\d+\]', '[]', 'g') AS fact,
        path = '.type' AS is_type,
        a,
        b
    FROM typed
    WHERE
        a IS DISTINCT FROM b
        -- Of lists of different length nothing says which element is which.
        AND NOT (is_resized AND contains(path, '['))
        AND CASE
            WHEN type_a = type_b THEN true
            WHEN path = '' THEN false
            WHEN path = '.type' THEN shown_a IS NOT DISTINCT FROM shown_b
            ELSE a IS NOT NULL AND b IS NOT NULL
        END
),

found AS (
    SELECT
        payloads.* EXCLUDE (payload_a, payload_b),
        differing.fact,
        differing.is_type,
        differing.a,
        differing.b
    FROM payload_pairs AS payloads
    INNER JOIN differing USING (payload_a, payload_b)
    UNION ALL BY NAME
    SELECT
        * EXCLUDE (outcome_a, outcome_b),
        'output' AS side,
        'outcome' AS fact,
        true AS is_type,
        CAST(outcome_a AS VARCHAR) AS a,
        CAST(outcome_b AS VARCHAR) AS b
    FROM outcome_pairs
),

valued AS (
    SELECT
        side,
        function,
        parent_function,
        fact,
        is_type,
        a,
        b,
        sum(times) AS times,
        arg_min_null(first_step, first_event) AS first_step,
        min(first_event) AS first_event,
        list(DISTINCT pair_no) AS numbers,
        count(*) OVER (PARTITION BY side, function, parent_function, fact) AS pairs
    FROM found
    GROUP BY side, function, parent_function, fact, is_type, a, b
)

SELECT
    valued.side,
    CAST(valued.function AS VARCHAR) AS function,
    CAST(valued.parent_function AS VARCHAR) AS inside,
    valued.fact,
    bool_or(valued.is_type) AS is_type,
    arg_min_null(valued.a, valued.first_event) AS a,
    arg_min_null(valued.b, valued.first_event) AS b,
    count(*) AS value_pairs,
    CAST(sum(valued.times) AS BIGINT) AS differing,
    any_value(compared.compared) AS compared,
    arg_min_null(valued.first_step, valued.first_event) AS first_step,
    min(valued.first_event) AS first_event,
    names_of_pairs(flatten(list(valued.numbers))) AS processes
FROM valued
INNER JOIN compared_calls AS compared
    ON
        valued.function = compared.function
        AND valued.parent_function IS NOT DISTINCT FROM compared.parent_function
GROUP BY
    valued.side, valued.function, valued.parent_function, valued.fact,
    if(valued.pairs > 3, NULL, {'a': valued.a, 'b': valued.b});
