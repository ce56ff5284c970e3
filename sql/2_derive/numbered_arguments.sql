-- One row per plain argument of a call, by position or keyword as it was given, with the place of the
-- call among the calls of its function in its process and step. Only traces of several processes.
CREATE OR REPLACE TABLE numbered_arguments AS
WITH numbered AS (
    SELECT
        call.trace,
        call.process_id,
        call.step,
        call.function,
        call.call_id,
        passed.input_id,
        row_number() OVER (
            PARTITION BY call.trace, call.process_id, call.step, call.function
            ORDER BY call.start_ts, call.thread_id, call.event_id
        ) AS nth
    FROM calls AS call
    INNER JOIN call_payloads AS passed USING (call_id)
    WHERE call.trace IN (
        SELECT trace FROM threads GROUP BY trace HAVING count(DISTINCT process_id) > 1
    )
)

SELECT
    numbered.trace,
    numbered.process_id,
    numbered.step,
    numbered.function,
    numbered.nth,
    numbered.call_id,
    argument.place AS name,
    argument.value
FROM numbered
INNER JOIN payload_arguments AS argument ON numbered.input_id = argument.payload_id;

COMMENT ON TABLE numbered_arguments IS 'One row per plain argument of a call, in traces of several processes';
COMMENT ON COLUMN numbered_arguments.nth IS '1, 2, ... among the calls of the function in the process and step';
COMMENT ON COLUMN numbered_arguments.name IS 'position, from "0", or keyword';
COMMENT ON COLUMN numbered_arguments.value IS 'canonical JSON text {type: value}';
