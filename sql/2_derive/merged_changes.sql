-- One row per function and kind of change inside it: from one value to another, or from one class of
-- values to another where that says clearly more (relations.md 8.1, merging of value hypotheses).
-- Settings: merge_scale, merge_ratio.
CREATE OR REPLACE TABLE merged_changes AS
WITH
concrete AS (
    SELECT
        change.function,
        change.variable_type,
        change.attribute,
        change.old_value,
        change.new_value,
        count(*) AS positive,
        count(*) FILTER (WHERE change.outcome <> 'incomplete') AS completed
    FROM contained_changes AS change
    GROUP BY ALL
),

any_change AS (
    SELECT
        function,
        variable_type,
        attribute,
        old_value = 'null' AS from_null,
        new_value = 'null' AS to_null,
        count(DISTINCT call_id) AS positive,
        count(DISTINCT call_id) FILTER (WHERE outcome <> 'incomplete') AS completed
    FROM contained_changes
    GROUP BY ALL
),

-- Calls that can be judged: in traces that observe the attribute.
judged AS (
    SELECT
        call.function,
        observed.variable_type,
        observed.attribute,
        sum(call.calls) AS calls
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
    GROUP BY ALL
),

gain AS (
    SELECT
        concrete.function,
        concrete.variable_type,
        concrete.attribute,
        any_change.from_null,
        any_change.to_null,
        count(*) > 1
        AND any_value(1 / (1 + exp(
            -getvariable('merge_scale')
            * (any_change.positive - (coalesce(judged.calls, 0) - any_change.completed))
        ))) / avg(1 / (1 + exp(
            -getvariable('merge_scale')
            * (concrete.positive - (coalesce(judged.calls, 0) - concrete.completed))
        ))) >= getvariable('merge_ratio') AS merges
    FROM concrete
    INNER JOIN any_change
        ON
            concrete.function = any_change.function
            AND concrete.variable_type = any_change.variable_type
            AND concrete.attribute = any_change.attribute
            AND (concrete.old_value = 'null') = any_change.from_null
            AND (concrete.new_value = 'null') = any_change.to_null
    LEFT JOIN judged
        ON
            concrete.function = judged.function
            AND concrete.variable_type = judged.variable_type
            AND concrete.attribute = judged.attribute
    GROUP BY ALL
)

SELECT
    concrete.function,
    concrete.variable_type,
    concrete.attribute,
    if(gain.merges, generalise(list(concrete.old_value)), any_value(concrete.old_value))
        AS old_value,
    if(gain.merges, generalise(list(concrete.new_value)), any_value(concrete.new_value))
        AS new_value
FROM concrete
INNER JOIN gain
    ON
        concrete.function = gain.function
        AND concrete.variable_type = gain.variable_type
        AND concrete.attribute = gain.attribute
        AND (concrete.old_value = 'null') = gain.from_null
        AND (concrete.new_value = 'null') = gain.to_null
GROUP BY
    concrete.function,
    concrete.variable_type,
    concrete.attribute,
    gain.from_null,
    gain.to_null,
    gain.merges,
    if(gain.merges, NULL, concrete.old_value),
    if(gain.merges, NULL, concrete.new_value);

COMMENT ON TABLE merged_changes IS 'One row per function and kind of change inside it';
COMMENT ON COLUMN merged_changes.old_value IS 'JSON text: a value, or the name of a class of values';
COMMENT ON COLUMN merged_changes.new_value IS 'JSON text, likewise';
