-- The tables of 4_learn/signature_classes and classed_examples for all partitions, from what each found
-- (part_...: the table of that name of each piece). A class is what its fields are: its number is new.
-- Reads: hypotheses, part_hypotheses, part_classed_examples, part_position_fields, part_pair_columns,
-- part_known_stages, part_teachers.
-- Writes: class_fields, position_fields, classed_examples, known_stages, teachers.
-- Settings: never_literal, positions.

-- Fields that a partition left out because they had one value there, and that had another elsewhere.
CREATE OR REPLACE TEMP TABLE _restored AS
WITH left_out_everywhere AS (
    SELECT
        field,
        path
    FROM part_pair_columns
    GROUP BY field, path
    HAVING
        count(DISTINCT only_value) = 1
        AND count(only_value) = (SELECT count(DISTINCT others.piece) FROM part_pair_columns AS others)
)

SELECT
    piece,
    field,
    path,
    unnamed(field, only_value, getvariable('never_literal')) AS value
FROM part_pair_columns
WHERE
    only_value IS NOT NULL
    AND (field, coalesce(path, '')) NOT IN (
        SELECT (field, coalesce(path, '')) FROM left_out_everywhere
    );

-- What the classes of a piece are, with step numbers and without.
CREATE OR REPLACE TEMP TABLE _content AS
WITH
shown AS (
    SELECT
        piece,
        class,
        unnest(fields) AS shown
    FROM part_position_fields
    UNION ALL
    SELECT
        known.piece,
        known.class,
        {'field': restored.field, 'path': restored.path, 'value': restored.value} AS shown
    FROM part_position_fields AS known
    INNER JOIN _restored AS restored USING (piece)
),

whole AS (
    SELECT
        known.piece,
        known.class AS part_class,
        list(shown.shown ORDER BY shown.shown.field, shown.shown.path)
            FILTER (WHERE shown.shown IS NOT NULL) AS with_positions
    FROM part_position_fields AS known
    LEFT JOIN shown USING (piece, class)
    GROUP BY known.piece, known.class
)

SELECT
    *,
    list_transform(with_positions, lambda one: {
        'field': one.field,
        'path': one.path,
        'value': unnamed(one.field, one.value, getvariable('positions'))
    }) AS fields
FROM whole;

CREATE OR REPLACE TABLE class_fields AS
SELECT
    fields,
    row_number() OVER (ORDER BY fields) AS class
FROM (SELECT DISTINCT fields FROM _content);

CREATE OR REPLACE TABLE position_fields AS
SELECT
    with_positions AS fields,
    row_number() OVER (ORDER BY with_positions) AS class
FROM (SELECT DISTINCT with_positions FROM _content);

-- Two processes may have looked for the same at once: what one of them found counts.
CREATE OR REPLACE TEMP TABLE _stated AS
SELECT
    part.piece,
    part.hypothesis_id AS part_id,
    hypotheses.hypothesis_id
FROM part_hypotheses AS part
INNER JOIN hypotheses
    ON CAST(part.params AS VARCHAR) = CAST(hypotheses.params AS VARCHAR)
QUALIFY
    row_number() OVER (
        PARTITION BY part.partition, hypotheses.hypothesis_id ORDER BY part.piece
    ) = 1;

CREATE OR REPLACE TABLE classed_examples AS
WITH known AS (
    SELECT
        content.piece,
        content.part_class,
        class_fields.class,
        position_fields.class AS position_class
    FROM _content AS content
    INNER JOIN class_fields ON content.fields IS NOT DISTINCT FROM class_fields.fields
    INNER JOIN position_fields ON content.with_positions IS NOT DISTINCT FROM position_fields.fields
)

SELECT
    _stated.hypothesis_id,
    found.is_pair,
    known.class,
    known.position_class,
    CAST(sum(found.positive) AS BIGINT) AS positive,
    CAST(sum(found.negative) AS BIGINT) AS negative
FROM part_classed_examples AS found
INNER JOIN _stated ON found.piece = _stated.piece AND found.hypothesis_id = _stated.part_id
INNER JOIN known ON found.piece = known.piece AND found.position_class = known.part_class
GROUP BY _stated.hypothesis_id, found.is_pair, known.class, known.position_class;

CREATE OR REPLACE TABLE known_stages AS
SELECT DISTINCT value FROM part_known_stages;

CREATE OR REPLACE TABLE teachers AS
SELECT DISTINCT
    _stated.hypothesis_id,
    found.program
FROM part_teachers AS found
INNER JOIN _stated ON found.piece = _stated.piece AND found.hypothesis_id = _stated.part_id;

DROP TABLE _restored;
DROP TABLE _stated;
DROP TABLE _content;
