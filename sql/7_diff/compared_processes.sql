-- One row per compared process and run, and per step of it that both runs have.
-- Reads: process_pairs, processes, events.  Writes: run_side, compared_processes, run_steps,
-- shared_steps.
CREATE OR REPLACE TYPE run_side AS ENUM ('a', 'b'); -- noqa: LT01

CREATE OR REPLACE TABLE compared_processes AS
WITH member AS (
    SELECT
        pair_no,
        name,
        unnest(['a', 'b']) AS side,
        unnest([process_no_a, process_no_b]) AS process_no
    FROM process_pairs
)

SELECT
    member.pair_no,
    member.name,
    CAST(member.side AS run_side) AS side,
    processes.trace,
    processes.process_id,
    processes.process_no
FROM member
INNER JOIN processes USING (process_no);

-- One row per compared process, run and step.
CREATE OR REPLACE TABLE run_steps AS
SELECT DISTINCT
    process.pair_no,
    process.side,
    event.step
FROM events AS event
INNER JOIN compared_processes AS process USING (trace, process_id);

-- One row per compared process and step that both runs have.
CREATE OR REPLACE TABLE shared_steps AS
SELECT
    pair_no,
    step
FROM run_steps
GROUP BY pair_no, step
HAVING count(*) = 2;
