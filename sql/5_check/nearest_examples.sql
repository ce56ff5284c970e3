-- One row per hypothesis and trace: the example that held nearest to the first violation.
-- In the same process where there is one; where nothing is violated, the first one. Its precondition
-- holds, as that of the violation.
-- Reads: examples, accepted_signatures, violations.  Writes: nearest_examples (more rows).
INSERT INTO nearest_examples BY NAME
WITH first AS (
    SELECT
        hypothesis_id,
        trace,
        arg_min(process_id, (decided_ts, start_ts, process_id, event_id)) AS first_process,
        arg_min(start_ts, (decided_ts, start_ts, process_id, event_id)) AS first_ts
    FROM violations
    GROUP BY hypothesis_id, trace
)

SELECT
    examples.hypothesis_id,
    examples.trace,
    examples.process_id,
    examples.event_id,
    examples.process_id_2,
    examples.event_id_2
FROM examples
INNER JOIN accepted_signatures USING (hypothesis_id, signature)
LEFT JOIN first USING (hypothesis_id, trace)
WHERE examples.is_positive
QUALIFY
    row_number() OVER (
        PARTITION BY examples.hypothesis_id, examples.trace
        ORDER BY
            coalesce(examples.process_id <> first.first_process, false),
            coalesce(abs(examples.start_ts - first.first_ts), 0),
            examples.start_ts,
            examples.process_id,
            examples.event_id,
            examples.process_id_2,
            examples.event_id_2
    ) = 1;
