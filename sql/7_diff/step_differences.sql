-- One row per run that has steps which the other one has not, and the processes that have them.
-- Reads: run_steps, process_pairs.  Writes: step_differences.
CREATE OR REPLACE TABLE step_differences AS
WITH
lone AS (
    SELECT
        pair_no,
        step,
        min(side) AS side
    FROM run_steps
    GROUP BY pair_no, step
    HAVING count(*) = 1
),

of_process AS (
    SELECT
        pair_no,
        side,
        count(*) AS steps,
        min(step) AS first_step,
        max(step) AS last_step
    FROM lone
    GROUP BY pair_no, side
)

SELECT
    upper(CAST(side AS VARCHAR)) AS only_in,
    steps,
    first_step,
    last_step,
    names_of_pairs(list(pair_no)) AS processes,
    row_number() OVER (
        ORDER BY min(pair_no), side, first_step
    ) AS place
FROM of_process
GROUP BY side, steps, first_step, last_step;
