-- One row per line of the trace files that is not blank: its fields, or what is wrong with it.
-- Reads: lines (file_no, line_no, line, problem).  Writes: the Parquet file named by `staged`.
-- Settings: damaged (some line may not be JSON; where none is, this takes a third less time).
CREATE OR REPLACE TEMP VIEW _rows AS
WITH
readable AS (
    SELECT
        (file_no << 40) + line_no AS row_no,
        quote_non_finite(line) AS line,
        problem
    FROM lines
    WHERE line IS NULL OR NOT regexp_full_match(line, '[\s\v]*')
),

parsed AS (
    SELECT
        row_no,
        line,
        problem,
        if(getvariable('damaged'), TRY(known_fields(line)), known_fields(line)) AS field
    FROM readable
),

typed AS (
    SELECT
        row_no,
        line,
        problem,
        field IS NULL AS is_damaged,
        as_text(field[1]) AS type,
        CASE as_text(field[1])
            WHEN 'function_call (pre)' THEN 'pre'
            WHEN 'function_call (post)' THEN 'post'
            WHEN 'function_call (post) (exception)' THEN 'exception'
            WHEN 'state_change' THEN 'state'
        END AS kind,
        as_integer(field[2]) AS ts,
        as_integer(field[3]) AS process_id,
        as_integer(field[4]) AS thread_id,
        field[5] AS meta_vars,
        as_text(field[6]) AS source_id,
        as_text(field[7]) AS function,
        as_integer(field[8]) AS receiver,
        rename_addresses(field[9]) AS args,
        rename_addresses(field[10]) AS kwargs,
        rename_addresses(field[11]) AS result,
        as_text(field[12]) AS exception,
        as_text(field[13]) AS exception_message,
        as_text(field[14]) AS variable,
        as_text(field[15]) AS variable_type,
        rename_addresses(field[16]) AS attributes,
        -- What TrainCheck itself writes and the event table has no column for.
        concat('{', concat_ws(
            ',',
            '"is_bound_method":' || field[17],
            '"proxy_obj_names":' || field[18],
            '"mode":' || field[19],
            '"dump_loc":' || field[20]
        ), '}') AS known_extra,
        list_count(field) AS known_keys,
        json_extract(field[5], ['$.step', '$.stage']) AS placed
    FROM parsed
),

-- What a row of its type must have; a key of another JSON type counts as missing.
judged AS (
    SELECT
        *,
        CASE
            WHEN problem IS NOT NULL OR is_damaged THEN NULL
            ELSE list_filter([
                if(type IS NULL, 'type', NULL),
                if(ts IS NULL, 'time', NULL),
                if(process_id IS NULL, 'process_id', NULL),
                if(thread_id IS NULL, 'thread_id', NULL),
                if(kind <> 'state' AND source_id IS NULL, 'func_call_id', NULL),
                if(kind <> 'state' AND function IS NULL, 'function', NULL),
                if(kind = 'state' AND variable IS NULL, 'var_name', NULL),
                if(kind = 'state' AND variable_type IS NULL, 'var_type', NULL),
                if(kind = 'state' AND NOT is_object(attributes), 'attributes', NULL),
                if(meta_vars <> 'null' AND NOT is_object(meta_vars), 'meta_vars', NULL)
            ], lambda name: name IS NOT NULL)
        END AS missing
    FROM typed
)

SELECT
    row_no,
    CASE
        WHEN problem IS NOT NULL THEN problem
        WHEN is_damaged THEN 'not JSON'
        WHEN len(missing) > 0
            THEN 'missing or of another type: ' || array_to_string(missing, ', ')
        WHEN kind IS NULL THEN 'unknown type ' || type
    END AS problem,
    CASE
        WHEN problem IS NOT NULL OR is_damaged THEN 'bad_json'
        WHEN len(missing) > 0 THEN 'missing_keys'
        WHEN kind IS NULL THEN 'unknown_types'
    END AS problem_kind,
    CASE WHEN problem_kind IS NULL THEN kind END AS kind,
    process_id,
    thread_id,
    ts,
    source_id,
    function,
    receiver,
    args,
    kwargs,
    result,
    exception,
    exception_message,
    variable,
    variable_type,
    attributes,
    as_integer(placed[1]) AS step,
    as_text(placed[2]) AS stage,
    CASE
        WHEN kind IN ('pre', 'state') AND is_object(meta_vars)
            THEN without_keys(meta_vars, concat(
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
        WHEN kind NOT IN ('pre', 'state') OR problem_kind IS NOT NULL THEN NULL
        WHEN len(json_keys(line)) = known_keys THEN nullif(known_extra, '{}')
        ELSE
            without_keys(line, '{"type":null,"time":null,"process_id":null,
                "thread_id":null,"meta_vars":null,"func_call_id":null,"function":null,
                "obj_id":null,"args":null,"kwargs":null,"return_values":null,
                "exception":null,"exception_msg":null,"var_name":null,"var_type":null,
                "attributes":null}')
    END AS extra
FROM judged;

COPY _rows TO (getvariable('staged')) (FORMAT parquet, COMPRESSION lz4, ROW_GROUP_SIZE 16384, DICTIONARY_SIZE_LIMIT 1); -- noqa: PRS
DROP VIEW _rows;
