-- One row per call: numbers of what was passed to it and of what it returned, addresses aside.
-- Training repeats itself: there are few different payloads, and relations look at each once.
CREATE OR REPLACE TEMP TABLE _call_texts AS
SELECT
    call.trace,
    call.process_id,
    call.event_id,
    call.outcome,
    call.args IS NOT NULL OR call.kwargs IS NOT NULL AS has_input,
    without_addresses(CAST(call.args AS VARCHAR)) AS args,
    without_addresses(CAST(call.kwargs AS VARCHAR)) AS kwargs,
    without_addresses(CAST(call.result AS VARCHAR)) AS result
FROM events AS call
WHERE call.kind = 'call';

-- One row per different pair of args and kwargs, and per different result.
CREATE OR REPLACE TABLE payloads AS
WITH distinct_payloads AS (
    SELECT
        'input' AS side,
        args,
        kwargs,
        CAST(NULL AS VARCHAR) AS result
    FROM _call_texts
    GROUP BY ALL
    UNION ALL
    SELECT
        'output' AS side,
        NULL AS args,
        NULL AS kwargs,
        result
    FROM _call_texts
    GROUP BY ALL
)

SELECT
    row_number() OVER (ORDER BY side, args, kwargs, result) AS payload_id,
    side,
    args,
    kwargs,
    result
FROM distinct_payloads;

CREATE OR REPLACE TABLE call_payloads AS
SELECT
    calls.call_id,
    calls.function,
    calls.outcome,
    text.has_input,
    input.payload_id AS input_id,
    output.payload_id AS output_id
FROM _call_texts AS text
INNER JOIN calls USING (trace, process_id, event_id)
INNER JOIN payloads AS input
    ON
        input.side = 'input'
        AND text.args IS NOT DISTINCT FROM input.args
        AND text.kwargs IS NOT DISTINCT FROM input.kwargs
INNER JOIN payloads AS output
    ON output.side = 'output' AND text.result IS NOT DISTINCT FROM output.result;

DROP TABLE _call_texts;
COMMENT ON TABLE payloads IS 'One row per different arguments, and per different result';
COMMENT ON COLUMN payloads.payload_id IS 'number of the payload, unique over all traces';
COMMENT ON COLUMN payloads.side IS 'input (args and kwargs) or output (result)';
COMMENT ON COLUMN payloads.args IS 'JSON text, addresses left out';
COMMENT ON TABLE call_payloads IS 'One row per call: numbers of its arguments and its result';
COMMENT ON COLUMN call_payloads.has_input IS 'arguments were recorded at all';
COMMENT ON COLUMN call_payloads.input_id IS 'payload_id of its args and kwargs';
COMMENT ON COLUMN call_payloads.output_id IS 'payload_id of its result';
