-- One row per line of TrainCheck's trace files: its file, its place there, and its text.
-- A call gives a line where it was entered, and one where it returned or raised, if it did.
-- Reads: events.  Writes: traincheck_lines.

-- traincheck-infer gives up where rows have context managers; a rule that needs them needs them.
SET VARIABLE without_contexts = coalesce(getvariable('without_contexts'), false);

-- The members of a JSON object, to stand among others; NULL where there are none.
CREATE OR REPLACE MACRO members(value) AS
    nullif(trim(regexp_replace(CAST(value AS VARCHAR), '^\s*\{|\}\s*$', '', 'g')), '');

-- The members less one.
CREATE OR REPLACE MACRO members_but(value, name) AS
    if(value IS NULL, NULL, members(json_merge_patch(value, json_object(name, NULL))));

CREATE OR REPLACE VIEW traincheck_lines AS
WITH
method AS (
    SELECT DISTINCT function
    FROM events
    WHERE receiver IS NOT NULL
),

event AS (
    SELECT
        *,
        '{' || concat_ws(
            ',',
            '"step":' || step,
            '"stage":' || to_json(stage),
            if(
                getvariable('without_contexts'),
                members_but(meta, 'context_managers'),
                members(meta)
            )
        ) || '}' AS meta_vars
    FROM events
),

call AS (
    SELECT
        event.*,
        'trace_API_' || process_id || '_' || thread_id || '.log' AS file,
        -- TrainCheck gives up where the calls of a function disagree about this ...
        coalesce(
            CAST(json_extract(extra, '$.is_bound_method') AS VARCHAR),
            CAST(method.function IS NOT NULL AS VARCHAR)
        ) AS is_bound_method,
        -- ... and where a trace with methods has no proxies at all. Its own traces say both.
        if(
            json_exists(extra, '$.is_bound_method'),
            members(extra),
            concat_ws(
                ',',
                '"is_bound_method":' || is_bound_method,
                '"proxy_obj_names":[]',
                members(extra)
            )
        ) AS pre_fields,
        concat_ws(
            ',',
            '"func_call_id":' || to_json(coalesce(source_id, process_id || '_' || event_id)),
            '"process_id":' || process_id,
            '"thread_id":' || thread_id,
            '"meta_vars":' || meta_vars,
            '"function":' || to_json(function),
            '"obj_id":' || coalesce(CAST(receiver AS VARCHAR), 'null')
        ) AS fields
    FROM event
    LEFT JOIN method USING (function)
    WHERE kind = 'call'
),

-- Of lines of one time: calls end that began before, others begin, and end at once.
line AS (
    SELECT
        file,
        process_id,
        start_ts AS ts,
        1 AS turn,
        event_id AS nth,
        concat_ws(
            ',',
            '"type":"function_call (pre)"',
            fields,
            '"time":' || start_ts,
            '"args":' || args,
            '"kwargs":' || kwargs,
            pre_fields
        ) AS fields
    FROM call
    UNION ALL
    SELECT
        file,
        process_id,
        end_ts AS ts,
        if(start_ts < end_ts, 0, 2) AS turn,
        -event_id AS nth,
        concat_ws(
            ',',
            '"type":"function_call (post)' || if(outcome = 'ok', '', ' (exception)') || '"',
            fields,
            '"is_bound_method":' || is_bound_method,
            '"time":' || end_ts,
            if(
                outcome = 'ok',
                '"return_values":' || result,
                concat_ws(
                    ',',
                    '"exception":' || coalesce(to_json(exception), 'null'),
                    '"exception_msg":' || coalesce(to_json(exception_message), 'null')
                )
            )
        ) AS fields
    FROM call
    WHERE outcome IN ('ok', 'exception')
    UNION ALL
    SELECT
        'proxy_log.json' AS file,
        process_id,
        start_ts AS ts,
        1 AS turn,
        event_id AS nth,
        concat_ws(
            ',',
            '"type":"state_change"',
            '"var_name":' || to_json(variable),
            '"var_type":' || to_json(variable_type),
            '"process_id":' || process_id,
            '"thread_id":' || thread_id,
            '"time":' || start_ts,
            '"meta_vars":' || meta_vars,
            '"attributes":' || attributes,
            -- TrainCheck would compare norms as it compares ranks.
            members_but(extra, 'norms')
        ) AS fields
    FROM event
    WHERE kind = 'state'
)

-- JSON may have line breaks between its tokens, JSON Lines may not.
SELECT
    file,
    process_id,
    ts,
    turn,
    nth,
    '{' || translate(fields, chr(10) || chr(13), '  ') || '}' AS text
FROM line;

COMMENT ON VIEW traincheck_lines IS 'One row per line of TrainCheck''s trace files';
COMMENT ON COLUMN traincheck_lines.file IS 'its name; the lines go by ts, turn, process_id, nth';
COMMENT ON COLUMN traincheck_lines.text IS 'a JSON object';
