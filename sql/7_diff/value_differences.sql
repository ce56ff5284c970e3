-- One row per variable whose content or gradient differs: the first step, and the calls that made it so.
-- Earliest first. Reads: first_values.  Writes: value_differences.
CREATE OR REPLACE TABLE value_differences AS
SELECT
    variable,
    attribute,
    step,
    value_a IS NOT NULL AS changes_a,
    value_b IS NOT NULL AS changes_b,
    cause_a,
    cause_b,
    names_of_pairs(list(pair_no)) AS processes,
    row_number() OVER (
        ORDER BY step NULLS FIRST, min(event_id), variable, attribute
    ) AS place
FROM first_values
WHERE attribute IN ('data', 'grad')
GROUP BY
    variable, variable_type, attribute, step,
    value_a IS NOT NULL, value_b IS NOT NULL, cause_a, cause_b;
