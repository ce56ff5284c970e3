-- The few macros and types that several files share.

CREATE OR REPLACE TYPE call_outcome AS ENUM ('exception', 'incomplete', 'ok'); -- noqa: LT01

-- The values of a JSON object, in the order of json_keys: both unnested together cost a sixth of
-- json_each.
CREATE OR REPLACE MACRO json_values(object) AS json_extract(object, '$.*');

-- A JSON value as text that is equal exactly where the values are: 1 and 1.0 alike, 1 and true not.
CREATE OR REPLACE MACRO canonical(value) AS
    CASE
        WHEN json_type(value) <> 'DOUBLE' THEN CAST(value AS VARCHAR)
        WHEN abs(CAST(value AS DOUBLE)) < 9e15 AND CAST(value AS DOUBLE) = trunc(CAST(value AS DOUBLE))
            THEN CAST(CAST(CAST(value AS DOUBLE) AS BIGINT) AS VARCHAR)
        ELSE CAST(CAST(value AS DOUBLE) AS VARCHAR)
    END;

-- An argument {type: value} as such a text.
CREATE OR REPLACE MACRO canonical_argument(typed) AS
    '{' || to_json(json_keys(typed)[1]) || ':' || canonical(json_extract(typed, '$.*')[1]) || '}';

-- Addresses of objects: TrainCheck's traces and files hold them under two prefixes.
CREATE OR REPLACE MACRO is_address(name) AS
    regexp_matches(name, '^_(TRAINCHECK|ML_DAIKON)_.*_ID$');

-- The narrowest of the named value classes that holds all values of a list (canonical texts, none of
-- them null unless all are), as JSON text.
CREATE OR REPLACE MACRO generalise(texts) AS
    CASE
        WHEN list_unique(texts) = 1 THEN texts[1]
        WHEN len(list_filter(texts, lambda text: NOT is_number(text))) > 0 THEN '"non_none"'
        WHEN list_min(list_transform(texts, lambda text: CAST(text AS DOUBLE))) > 0
            THEN '"above_zero"'
        WHEN list_min(list_transform(texts, lambda text: CAST(text AS DOUBLE))) >= 0
            THEN '"non_negative"'
        WHEN list_max(list_transform(texts, lambda text: CAST(text AS DOUBLE))) < 0
            THEN '"below_zero"'
        WHEN list_max(list_transform(texts, lambda text: CAST(text AS DOUBLE))) <= 0
            THEN '"non_positive"'
        WHEN list_contains(texts, '0') THEN '"non_none"'
        ELSE '"non_zero"'
    END;

CREATE OR REPLACE MACRO is_number(text) AS regexp_matches(text, '^-?[0-9]');

-- The number that a canonical text is; true and false count as 1 and 0; NULL for anything else.
CREATE OR REPLACE MACRO number_of(text) AS
    CASE
        WHEN text = 'true' THEN 1
        WHEN text = 'false' THEN 0
        WHEN is_number(text) THEN TRY_CAST(text AS DOUBLE)
    END;

-- Whether a value (canonical text) is, or belongs to the class that is, wanted (JSON text).
CREATE OR REPLACE MACRO value_matches(text, wanted) AS
    text = wanted
    OR coalesce(CASE wanted
        WHEN '"anything"' THEN true
        WHEN '"non_none"' THEN text <> 'null'
        WHEN '"above_zero"' THEN number_of(text) > 0
        WHEN '"below_zero"' THEN number_of(text) < 0
        WHEN '"non_zero"' THEN number_of(text) <> 0
        WHEN '"non_positive"' THEN text = 'null' OR number_of(text) <= 0
        WHEN '"non_negative"' THEN text = 'null' OR number_of(text) >= 0
    END, false);

-- Share of the joint span of two intervals that lies in both; 0 where they do not overlap.
CREATE OR REPLACE MACRO overlap(from_1, to_1, from_2, to_2) AS
    greatest(0, least(to_1, to_2) - greatest(from_1, from_2))
    / (greatest(to_1, to_2) - least(from_1, from_2));

-- Whether an argument {type: value} is plain: no tensor or other object, nor a list of them.
CREATE OR REPLACE MACRO is_plain(typed) AS
    json_type(typed) = 'OBJECT'
    AND json_type(json_extract(typed, '$.*')[1]) <> 'OBJECT'
    AND NOT (
        json_type(json_extract(typed, '$.*')[1]) = 'ARRAY'
        AND contains(CAST(typed AS VARCHAR), '[{')
    );

-- Whether an argument {type: value} is a number, or numbers in lists.
CREATE OR REPLACE MACRO is_numeric(typed) AS
    regexp_full_match(typed, '\{"[^"]*":[-+0-9.eE,\[\] ]*\}');

-- A JSON text without the addresses of objects that TrainCheck's traces hold.
CREATE OR REPLACE MACRO without_addresses(text) AS
    CASE
        WHEN contains(text, '_ID"') THEN regexp_replace(
            regexp_replace(
                text, ', *"_(TRAINCHECK|ML_DAIKON)_[A-Za-z0-9_]*_ID": *(null|-?[0-9]+)', '', 'g'
            ),
            '"_(TRAINCHECK|ML_DAIKON)_[A-Za-z0-9_]*_ID": *(null|-?[0-9]+)(, *)?', '', 'g'
        )
        ELSE text
    END;

-- Whether a type name, as arguments and results carry it, is that of a tensor.
CREATE OR REPLACE MACRO is_tensor(type_name) AS
    type_name LIKE '%Tensor' OR contains(type_name, 'Parameter');

-- Whether a property of tensors says something of the program, not only of how tensors are made.
CREATE OR REPLACE MACRO is_telling(property) AS
    getvariable('all_hypotheses')
    OR NOT (
        regexp_matches(property, '^(is|has|can)_')
        OR property IN ('itemsize', 'nbytes', 'name', 'grad', 'grad_fn', 'retains_grad', 'data')
    );

-- The norm of a tensor as it was recorded; NULL for what is no finite number.
CREATE OR REPLACE MACRO finite(text) AS
    if(isfinite(TRY_CAST(text AS DOUBLE)), TRY_CAST(text AS DOUBLE), NULL);

-- Whether two norms differ by no more than a share of the larger one.
CREATE OR REPLACE MACRO is_close(norm_1, norm_2, tolerance) AS
    abs(norm_1 - norm_2) <= tolerance * greatest(abs(norm_1), abs(norm_2));

-- What two vectors of value numbers have in common, as text: per field the number of the common
-- value; -1 where they differ, -2 where they differ and one is null, -3 where one lacks the field.
CREATE OR REPLACE MACRO pair_signature(fields_1, fields_2) AS
    CAST(list_transform(
        range(1, len(fields_1) + 1), lambda i: CASE
            WHEN fields_1[i] = -3 OR fields_2[i] = -3 THEN -3
            WHEN fields_1[i] = fields_2[i] THEN fields_1[i]
            WHEN fields_1[i] = 0 OR fields_2[i] = 0 THEN -2
            ELSE -1
        END
    ) AS VARCHAR);

-- Whether the setting precondition_fields, if given, names a field, alone or (as old files join the
-- name of a context manager and its argument) with a dot.
CREATE OR REPLACE MACRO is_asked_for(field, path) AS
    getvariable('precondition_fields') IS NULL
    OR list_contains(getvariable('precondition_fields'), field)
    OR coalesce(list_contains(getvariable('precondition_fields'), field || '.' || path), false);

-- What is left of a field's value where no precondition may name it: its type.
CREATE OR REPLACE MACRO unnamed(field, value, fields) AS
    CASE
        WHEN NOT coalesce(regexp_matches(field, fields), false) THEN value
        WHEN value IN ('<>', '<null>', '{}') THEN value
        WHEN value = 'null' THEN '<None>'
        WHEN value IN ('true', 'false') THEN '<bool>'
        WHEN starts_with(value, '"') THEN '<str>'
        WHEN regexp_full_match(value, '-?[0-9]+') THEN '<int>'
        ELSE '<float>'
    END;

-- The functions that Lead and Cover make hypotheses of, of all functions {function, repeats, most_calls}
-- and their callers {function, caller} (lists). Such a one is not called again and again, and its order
-- is the program's own doing. Not so in a forward pass, or in what only that runs: there it is the
-- model's architecture. Not of a function that one other function alone calls: its order is that one's.
-- is_rare: no process calls it twice, or it sets the program up; other programs may well do without.
CREATE OR REPLACE MACRO order_pool(functions, callers) AS TABLE
WITH RECURSIVE
-- In one SELECT, DISTINCT would look at the first field only.
called AS (
    SELECT DISTINCT *
    FROM (SELECT unnest(callers, recursive := true))
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

SELECT
    function,
    max(most_calls) = 1 OR regexp_matches(function, '^torch\.(nn\.init|random)\.') AS is_rare
FROM (SELECT unnest(functions, recursive := true))
GROUP BY function
HAVING
    max(repeats) <= getvariable('max_repeats')
    AND (
        getvariable('all_hypotheses')
        OR (function IN (FROM outside_model) AND function NOT IN (FROM helper))
    );
