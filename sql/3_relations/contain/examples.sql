-- One row per hypothesis and call of A: positive if the call contains B, or a change that matches.
-- A call of A that never returned is judged only if it already contains one, and a change only in
-- traces that observe the attribute.
-- Reads: hypotheses, calls, call_arguments, call_payloads, payloads, contained_calls,
-- contained_changes, observed_attributes.
-- Writes: examples.
CREATE OR REPLACE TABLE _contain AS
SELECT
    hypothesis_id,
    TRY_CAST(params ->> '$[0].api_full_name' AS function_name) AS function,
    TRY_CAST(params ->> '$[1].api_full_name' AS function_name) AS child,
    nullif(json_extract(params, '$[1].arguments.args'), CAST('{}' AS JSON)) AS arguments,
    params ->> '$[1].exception' AS exception,
    params ->> '$[1].var_type' AS variable_type,
    params ->> '$[1].attr_name' AS attribute,
    canonical(coalesce(json_extract(params, '$[1].pre_value'), '"anything"')) AS old_value,
    canonical(coalesce(json_extract(params, '$[1].post_value'), '"anything"')) AS new_value
FROM hypotheses;

-- One row per argument that a child must have been given.
CREATE OR REPLACE TABLE _wanted_arguments AS
SELECT
    stated.hypothesis_id,
    stated.child,
    wanted.key AS name,
    canonical_argument(wanted.value) AS value,
    is_plain(wanted.value) AS is_plain
FROM _contain AS stated, json_each(stated.arguments) AS wanted
WHERE stated.arguments IS NOT NULL;

-- Calls of A that contain a child with all the arguments that the hypothesis names; not certain
-- where the names of the child's positional arguments are not known and nothing speaks against it: no
-- other value of that name, and each wanted plain value among the nameless ones.
CREATE OR REPLACE TABLE _contained_with_arguments AS
WITH RECURSIVE
wanted AS (
    SELECT
        hypothesis_id,
        child,
        count(*) AS names,
        count_if(is_plain) AS plain_names
    FROM _wanted_arguments
    GROUP BY hypothesis_id, child
),

given AS (
    SELECT
        wanted.hypothesis_id,
        argument.call_id,
        count_if(wanted.name = argument.name AND wanted.value = argument.value) AS same,
        count_if(wanted.name = argument.name AND wanted.value <> argument.value) AS other,
        count(DISTINCT wanted.name) FILTER (WHERE wanted.value = argument.value) AS possible
    FROM _wanted_arguments AS wanted
    INNER JOIN call_arguments AS argument
        ON
            wanted.child = argument.function
            AND (wanted.name = argument.name OR argument.name IS NULL)
    GROUP BY wanted.hypothesis_id, argument.call_id
),

matched AS (
    SELECT
        wanted.hypothesis_id,
        child.parent_id AS call_id,
        coalesce(given.same, 0) = wanted.names AS is_certain
    FROM wanted
    INNER JOIN calls AS child ON wanted.child = child.function
    INNER JOIN call_payloads AS passed ON child.call_id = passed.call_id
    INNER JOIN payloads ON passed.input_id = payloads.payload_id
    LEFT JOIN given
        ON wanted.hypothesis_id = given.hypothesis_id AND child.call_id = given.call_id
    WHERE
        child.parent_id IS NOT NULL
        AND child.outcome = 'ok'
        AND (
            coalesce(given.same, 0) = wanted.names
            OR (
                payloads.parameters IS NULL
                AND coalesce(payloads.args, '{}') <> '{}'
                AND coalesce(given.other, 0) = 0
                AND coalesce(given.possible, 0) >= wanted.plain_names
            )
        )
),

inside AS (
    SELECT DISTINCT * FROM matched
    UNION
    SELECT
        inside.hypothesis_id,
        call.parent_id AS call_id,
        inside.is_certain
    FROM inside
    INNER JOIN calls AS call USING (call_id)
    WHERE call.parent_id IS NOT NULL
)

SELECT
    hypothesis_id,
    call_id,
    bool_or(is_certain) AS is_certain
FROM inside
GROUP BY hypothesis_id, call_id;

CREATE OR REPLACE VIEW examples AS
WITH
found AS (
    SELECT
        stated.hypothesis_id,
        contained.call_id,
        true AS is_certain
    FROM _contain AS stated
    INNER JOIN contained_calls AS contained
        ON stated.function = contained.function AND stated.child = contained.child
    WHERE stated.arguments IS NULL
    UNION ALL
    SELECT
        hypothesis_id,
        call_id,
        is_certain
    FROM _contained_with_arguments
    UNION ALL
    SELECT DISTINCT
        stated.hypothesis_id,
        contained.call_id,
        true AS is_certain
    FROM _contain AS stated
    INNER JOIN contained_changes AS contained
        ON
            stated.function = contained.function
            AND stated.variable_type = contained.variable_type
            AND stated.attribute = contained.attribute
    WHERE
        value_matches(contained.old_value, stated.old_value)
        AND value_matches(contained.new_value, stated.new_value)
)

SELECT
    stated.hypothesis_id,
    found.call_id IS NOT NULL AS is_positive,
    1 AS weight,
    CAST(call.context_id AS VARCHAR) AS signature,
    call.trace,
    call.until_ts AS decided_ts,
    call.start_ts,
    call.process_id,
    call.event_id,
    CAST(NULL AS BIGINT) AS process_id_2,
    CAST(NULL AS BIGINT) AS event_id_2
FROM _contain AS stated
INNER JOIN calls AS call USING (function)
LEFT JOIN found
    ON stated.hypothesis_id = found.hypothesis_id AND call.call_id = found.call_id
LEFT JOIN observed_attributes AS observed
    ON
        call.trace = observed.trace
        AND stated.variable_type = observed.variable_type
        AND stated.attribute = observed.attribute
WHERE
    (call.outcome <> 'incomplete' OR found.call_id IS NOT NULL)
    AND coalesce(found.is_certain, true)
    AND (stated.attribute IS NULL OR observed.trace IS NOT NULL);
