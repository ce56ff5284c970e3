-- One row per line of the trace files that is not blank: its fields, or what is wrong with it.
-- Reads: lines (file_no, line_no, line, problem).  Writes: the Parquet file named by `staged`.
-- Settings: damaged (also a whole line may not be JSON; where none is, this takes a third less time).
CREATE OR REPLACE TEMP VIEW _rows AS
WITH
parsed AS (
    SELECT
        (file_no << 40) + line_no AS row_no,
        line,
        problem,
        -- The last line of a program that was killed is often cut off: no reason to read all again.
        CASE
            WHEN NOT getvariable('damaged') AND ends_with(line, '}' || chr(10))
                THEN known_fields(line)
            ELSE TRY(known_fields(line))
        END AS field
    FROM lines
    WHERE line IS NULL OR starts_with(line, '{') OR NOT regexp_full_match(line, '[\s\v]*')
),

named AS (
    SELECT
        row_no,
        line,
        problem,
        list_count(field) AS known_keys,
        field[1] AS type,
        field[2] AS ts,
        field[3] AS process_id,
        field[4] AS thread_id,
        field[5] AS meta_vars,
        field[6] AS source_id,
        field[7] AS function,
        field[8] AS receiver,
        field[9] AS args,
        field[10] AS kwargs,
        field[11] AS result,
        field[12] AS exception,
        field[13] AS exception_message,
        field[14] AS variable,
        field[15] AS variable_type,
        field[16] AS attributes,
        field[17] AS is_bound_method,
        field[18] AS proxy_obj_names,
        field[19] AS mode,
        field[20] AS dump_loc,
        json_extract(field[5], ['$.step', '$.stage']) AS placed
    FROM parsed
),

typed AS (
    SELECT
        * REPLACE (
            as_integer(ts) AS ts,
            as_integer(process_id) AS process_id,
            as_integer(thread_id) AS thread_id,
            as_text(source_id) AS source_id,
            as_text(function) AS function,
            as_integer(receiver) AS receiver,
            as_text(exception) AS exception,
            as_text(exception_message) AS exception_message,
            as_text(variable) AS variable,
            as_text(variable_type) AS variable_type
        ),
        CASE CAST(type AS VARCHAR)
            WHEN '"function_call (pre)"' THEN 'pre'
            WHEN '"function_call (post)"' THEN 'post'
            WHEN '"function_call (post) (exception)"' THEN 'exception'
            WHEN '"state_change"' THEN 'state'
        END AS kind,
        as_integer(placed[1]) AS step,
        as_text(placed[2]) AS stage
    FROM named
),

-- What a row of its type must have; a key of another JSON type counts as missing.
judged AS (
    SELECT
        *,
        CASE
            WHEN problem IS NOT NULL OR known_keys IS NULL THEN NULL
            -- So are most rows, and the list below takes longer.
            WHEN
                kind <> 'state' AND ts IS NOT NULL AND process_id IS NOT NULL
                AND thread_id IS NOT NULL AND source_id IS NOT NULL AND function IS NOT NULL
                AND is_object(meta_vars)
                THEN NULL
            ELSE nullif(concat_ws(
                ', ',
                if(as_text(type) IS NULL, 'type', NULL),
                if(ts IS NULL, 'time', NULL),
                if(process_id IS NULL, 'process_id', NULL),
                if(thread_id IS NULL, 'thread_id', NULL),
                if(kind <> 'state' AND source_id IS NULL, 'func_call_id', NULL),
                if(kind <> 'state' AND function IS NULL, 'function', NULL),
                if(kind = 'state' AND variable IS NULL, 'var_name', NULL),
                if(kind = 'state' AND variable_type IS NULL, 'var_type', NULL),
                if(kind = 'state' AND NOT is_object(attributes), 'attributes', NULL),
                if(meta_vars <> 'null' AND NOT is_object(meta_vars), 'meta_vars', NULL)
            ), '')
        END AS missing
    FROM typed
),

-- What the columns of a row that begins an event leave of its annotations and of its other keys.
remaining AS (
    SELECT
        *,
        coalesce(kind IN ('pre', 'state') AND problem IS NULL AND missing IS NULL, false) AS begins,
        CASE
            WHEN begins AND is_object(meta_vars)
                THEN json_merge_patch(meta_vars, concat(
                    '{',
                    concat_ws(
                        ',',
                        if(step IS NOT NULL, '"step":null', NULL),
                        if(stage IS NOT NULL, '"stage":null', NULL)
                    ),
                    '}'
                ))
        END AS meta,
        CASE
            WHEN NOT begins THEN NULL
            WHEN len(json_keys(line)) = known_keys
                -- What TrainCheck itself writes and the event table has no column for.
                THEN concat('{', concat_ws(
                    ',',
                    '"is_bound_method":' || is_bound_method,
                    '"proxy_obj_names":' || proxy_obj_names,
                    '"mode":' || mode,
                    '"dump_loc":' || dump_loc
                ), '}')
            ELSE CAST(
                json_merge_patch(line, '{"type":null,"time":null,"process_id":null,
                    "thread_id":null,"meta_vars":null,"func_call_id":null,"function":null,
                    "obj_id":null,"args":null,"kwargs":null,"return_values":null,
                    "exception":null,"exception_msg":null,"var_name":null,"var_type":null,
                    "attributes":null}') AS VARCHAR
            )
        END AS extra
    FROM judged
)

SELECT
    row_no,
    CASE
        WHEN problem IS NOT NULL THEN problem
        WHEN known_keys IS NULL THEN 'not JSON'
        WHEN missing IS NOT NULL THEN 'missing or of another type: ' || missing
        WHEN kind IS NULL THEN 'unknown type ' || as_text(type)
    END AS problem,
    CASE
        WHEN remaining.problem IS NOT NULL OR known_keys IS NULL THEN 'bad_json'
        WHEN missing IS NOT NULL THEN 'missing_keys'
        WHEN kind IS NULL THEN 'unknown_types'
    END AS problem_kind,
    if(missing IS NULL, kind, NULL) AS kind,
    process_id,
    thread_id,
    ts,
    source_id,
    function,
    receiver,
    tidy(args) AS args,
    tidy(kwargs) AS kwargs,
    tidy(result) AS result,
    exception,
    exception_message,
    variable,
    variable_type,
    tidy(attributes) AS attributes,
    step,
    stage,
    quote_non_finite(nullif(meta, '{}')) AS meta,
    quote_non_finite(nullif(extra, '{}')) AS extra
FROM remaining;

COPY _rows TO (getvariable('staged')) (FORMAT parquet, COMPRESSION lz4, ROW_GROUP_SIZE 16384, DICTIONARY_SIZE_LIMIT 1); -- noqa: PRS
DROP VIEW _rows;
