-- The few macros that reading JSON Lines needs; each value is JSON, or NULL where the key is absent.

CREATE OR REPLACE MACRO _quote_non_finite(value) AS
    replace(
        regexp_replace(
            value,
            '("(?:[^"\\]|\\.)*")|(-?(?:NaN|Infinity))',
            '\1' || chr(1) || '\2' || chr(2),
            'g'
        ),
        chr(1) || chr(2),
        ''
    ).regexp_replace('[\x01\x02]', '"', 'g');

-- NaN and the infinities, which JSON does not know but Python writes, become strings of that text.
-- A regular expression for every value would take long: few hold such letters.
CREATE OR REPLACE MACRO quote_non_finite(value) AS
    CASE
        WHEN contains(value, 'NaN') THEN _quote_non_finite(CAST(value AS VARCHAR))
        WHEN contains(value, 'Infinity') THEN _quote_non_finite(CAST(value AS VARCHAR))
        ELSE CAST(value AS VARCHAR)
    END;

-- What TrainCheck writes of each key that it knows, as a list; an error where the line is not JSON.
CREATE OR REPLACE MACRO known_fields(line) AS
    json_extract(line, [
        '$.type', '$.time', '$.process_id', '$.thread_id', '$.meta_vars',
        '$.func_call_id', '$.function', '$.obj_id', '$.args', '$.kwargs',
        '$.return_values', '$.exception', '$.exception_msg',
        '$.var_name', '$.var_type', '$.attributes',
        '$.is_bound_method', '$.proxy_obj_names', '$.mode', '$.dump_loc'
    ]);

-- An integer that fits into 64 bits, else NULL.
CREATE OR REPLACE MACRO as_integer(value) AS
    CASE
        WHEN NOT contains(CAST(value AS VARCHAR), '.')
            THEN TRY_CAST(CAST(value AS VARCHAR) AS BIGINT)
    END;

-- The text of a string, or of a number that becomes one (see quote_non_finite), else NULL.
CREATE OR REPLACE MACRO as_text(value) AS
    CASE
        WHEN starts_with(value, '"') THEN json_extract_string(value, '$')
        WHEN CAST(value AS VARCHAR) IN ('NaN', 'Infinity', '-Infinity') THEN CAST(value AS VARCHAR)
    END;

CREATE OR REPLACE MACRO is_object(value) AS coalesce(starts_with(value, '{'), false);

-- Older traces call the addresses of objects _ML_DAIKON_..., newer ones _TRAINCHECK_...
CREATE OR REPLACE MACRO _rename_addresses(value) AS
    regexp_replace(
        CAST(value AS VARCHAR),
        '([{,]"_)ML_DAIKON(_(?:[^"\\]|\\.)*":)',
        '\1TRAINCHECK\2',
        'g'
    );

-- The value in today's spelling of addresses, and as JSON.
CREATE OR REPLACE MACRO tidy(value) AS
    CASE
        WHEN contains(value, 'ML_DAIKON_') THEN quote_non_finite(_rename_addresses(value))
        ELSE quote_non_finite(value)
    END;
