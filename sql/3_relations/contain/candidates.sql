-- What calls contain: functions with their fixed arguments, and changes of variables with how often.
-- Reads: contained_inputs, payload_arguments, contained_changes, calls, observed_attributes, functions.
-- Writes: candidate_calls, candidate_arguments, candidate_changes, candidate_changing, candidate_judged.
CREATE OR REPLACE TEMP TABLE _given AS
SELECT DISTINCT
    function,
    child,
    unnest([NULL, stage]) AS stage,
    input_id
FROM (
    SELECT DISTINCT
        function,
        child,
        stage,
        input_id
    FROM contained_inputs
)
INNER JOIN functions USING (function)
WHERE NOT functions.is_skipped;

-- One row per A, function B that is called, and returns, inside it, and stage of A; NULL for all.
CREATE OR REPLACE TABLE candidate_calls AS
SELECT
    function,
    child,
    stage,
    count(*) AS inputs
FROM _given
GROUP BY function, child, stage;

-- One row per A, B, stage of A, and argument that B is always given with the same value there.
CREATE OR REPLACE TABLE candidate_arguments AS
SELECT
    called.function,
    called.child,
    called.stage,
    argument.name,
    min(argument.value) AS value
FROM _given AS given
INNER JOIN payload_arguments AS argument ON given.input_id = argument.payload_id
INNER JOIN candidate_calls AS called
    ON
        given.function = called.function
        AND given.child = called.child
        AND given.stage IS NOT DISTINCT FROM called.stage
WHERE argument.is_in_force AND argument.name IS NOT NULL
GROUP BY called.function, called.child, called.stage, called.inputs, argument.name
HAVING min(argument.value) = max(argument.value) AND count(*) = called.inputs;

DROP TABLE _given;

-- One row per A and change inside it: how many calls of A contain it, and how many of these ended.
CREATE OR REPLACE TEMP TABLE _changes AS
SELECT contained_changes.*
FROM contained_changes
INNER JOIN functions USING (function)
WHERE NOT functions.is_skipped;

CREATE OR REPLACE TABLE candidate_changes AS
SELECT
    function,
    variable_type,
    attribute,
    old_value,
    new_value,
    count(*) AS positive,
    count(*) FILTER (WHERE outcome <> 'incomplete') AS completed
FROM _changes
GROUP BY function, variable_type, attribute, old_value, new_value;

-- One row per A, attribute, and whether it changes from and to null: as above, whatever the values.
CREATE OR REPLACE TABLE candidate_changing AS
SELECT
    function,
    variable_type,
    attribute,
    old_value = 'null' AS from_null,
    new_value = 'null' AS to_null,
    count(DISTINCT call_id) AS positive,
    count(DISTINCT call_id) FILTER (WHERE outcome <> 'incomplete') AS completed
FROM _changes
GROUP BY ALL;

DROP TABLE _changes;

-- One row per A and attribute: calls of A that can be judged, in traces that observe the attribute.
CREATE OR REPLACE TABLE candidate_judged AS
SELECT
    call.function,
    observed.variable_type,
    observed.attribute,
    CAST(sum(call.calls) AS BIGINT) AS calls
FROM (
    SELECT
        trace,
        function,
        count(*) AS calls
    FROM calls
    WHERE outcome <> 'incomplete'
    GROUP BY trace, function
) AS call
INNER JOIN observed_attributes AS observed USING (trace)
INNER JOIN functions USING (function)
WHERE NOT functions.is_skipped
GROUP BY call.function, observed.variable_type, observed.attribute;
