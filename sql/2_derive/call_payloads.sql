-- One row per call: numbers of what was passed to it and of what it returned, addresses aside.
-- Training repeats itself: there are few different payloads, and relations look at each once.
-- The setting asked_functions, if given, narrows it to calls of these.
-- Reads: events, processes.  Writes: call_payloads, payloads.  Settings: asked_functions.
CREATE OR REPLACE TEMP VIEW _asked_calls AS
SELECT * FROM events
WHERE
    kind = 'call'
    AND (
        getvariable('asked_functions') IS NULL
        OR function IN (SELECT unnest(getvariable('asked_functions')))
    );

CREATE OR REPLACE TEMP TABLE _inputs AS
SELECT
    hash(parameters, args, kwargs) AS hash,
    CAST(parameters AS VARCHAR) AS parameters,
    without_addresses(args) AS clean_args,
    without_addresses(kwargs) AS clean_kwargs
FROM (
    SELECT DISTINCT
        parameters,
        args,
        kwargs
    FROM _asked_calls
);

CREATE OR REPLACE TEMP TABLE _outputs AS
SELECT
    hash(result) AS hash,
    without_addresses(result) AS clean_result
FROM (SELECT DISTINCT result FROM _asked_calls);

-- One row per different input (parameters, args and kwargs), and per different result.
CREATE OR REPLACE TABLE payloads AS
WITH distinct_payloads AS (
    SELECT DISTINCT
        'input' AS side,
        parameters,
        clean_args AS args,
        clean_kwargs AS kwargs,
        CAST(NULL AS VARCHAR) AS result
    FROM _inputs
    UNION ALL
    SELECT DISTINCT
        'output' AS side,
        NULL AS parameters,
        NULL AS args,
        NULL AS kwargs,
        clean_result AS result
    FROM _outputs
)

SELECT
    row_number() OVER (ORDER BY side, args, kwargs, result, parameters) AS payload_id,
    side,
    parameters,
    args,
    kwargs,
    result
FROM distinct_payloads;

-- Calls find their payloads by the hashes of the texts, which must tell all of them apart.
CREATE OR REPLACE TEMP TABLE _numbers AS
SELECT
    payloads.side,
    _inputs.hash,
    payloads.payload_id
FROM _inputs
INNER JOIN payloads
    ON
        payloads.side = 'input'
        AND _inputs.parameters IS NOT DISTINCT FROM payloads.parameters
        AND _inputs.clean_args IS NOT DISTINCT FROM payloads.args
        AND _inputs.clean_kwargs IS NOT DISTINCT FROM payloads.kwargs
UNION ALL
SELECT
    payloads.side,
    _outputs.hash,
    payloads.payload_id
FROM _outputs
INNER JOIN payloads
    ON payloads.side = 'output' AND _outputs.clean_result IS NOT DISTINCT FROM payloads.result;

SELECT error('two payloads have one hash: look at fewer traces at once') FROM _numbers
GROUP BY side, hash
HAVING count(*) > 1;

CREATE OR REPLACE TABLE call_payloads AS
WITH hashed AS (
    SELECT
        (processes.process_no << 40) + call.event_id AS call_id,
        CAST(call.function AS function_name) AS function,
        CAST(call.outcome AS call_outcome) AS outcome,
        call.args IS NOT NULL OR call.kwargs IS NOT NULL AS has_input,
        hash(call.parameters, call.args, call.kwargs) AS input_hash,
        hash(call.result) AS output_hash
    FROM _asked_calls AS call
    INNER JOIN processes USING (trace, process_id)
)

SELECT
    hashed.* EXCLUDE (input_hash, output_hash),
    input.payload_id AS input_id,
    output.payload_id AS output_id
FROM hashed
INNER JOIN _numbers AS input ON input.side = 'input' AND hashed.input_hash = input.hash
INNER JOIN _numbers AS output ON output.side = 'output' AND hashed.output_hash = output.hash;

DROP TABLE _numbers;
DROP TABLE _inputs;
DROP TABLE _outputs;
DROP VIEW _asked_calls;
COMMENT ON TABLE payloads IS 'One row per different arguments, and per different result';
COMMENT ON COLUMN payloads.payload_id IS 'number of the payload, unique over all traces';
COMMENT ON COLUMN payloads.side IS 'input (parameters, args and kwargs) or output (result)';
COMMENT ON COLUMN payloads.parameters IS 'JSON text: names of the positional arguments; NULL if not known';
COMMENT ON COLUMN payloads.args IS 'JSON text, addresses left out';
COMMENT ON TABLE call_payloads IS 'One row per call: numbers of its arguments and its result';
COMMENT ON COLUMN call_payloads.has_input IS 'arguments were recorded at all';
COMMENT ON COLUMN call_payloads.input_id IS 'payload_id of its args and kwargs';
COMMENT ON COLUMN call_payloads.output_id IS 'payload_id of its result';
