-- One row per function that Lead and Cover make hypotheses of, of all functions {function, repeats,
-- most_calls} and their callers {function, caller} (lists). It is not called again and again, and its
-- order is the program's own doing. Not so in a forward pass, or in what only that runs: there it is
-- the model's architecture. Not of a function that one other function alone calls: its order is that
-- one's. Not of one that no process calls twice, nor of setting things up.
-- Writes: order_pool.  Settings: max_repeats, all_hypotheses, setup_functions.
CREATE OR REPLACE MACRO order_pool(functions, callers) AS TABLE
WITH RECURSIVE
called AS (
    SELECT DISTINCT unnest(callers, recursive := true)
),

outside_model AS (
    SELECT function FROM called
    WHERE caller IS NULL AND NOT suffix(function, '.forward')
    UNION
    SELECT called.function
    FROM called
    INNER JOIN outside_model ON called.caller = outside_model.function
    WHERE NOT suffix(called.function, '.forward')
),

helper AS (
    SELECT function
    FROM called
    GROUP BY function
    HAVING count(*) = 1 AND count(caller) = 1
)

SELECT function
FROM (SELECT unnest(functions, recursive := true))
GROUP BY function
HAVING
    max(repeats) <= getvariable('max_repeats')
    AND (
        getvariable('all_hypotheses')
        OR (
            max(most_calls) > 1
            AND function IN (FROM outside_model)
            AND function NOT IN (FROM helper)
            AND NOT regexp_matches(function, getvariable('setup_functions'))
        )
    );
