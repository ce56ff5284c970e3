-- One row per process of A and the process of B that it is compared with.
-- By rank where both runs have ranks; else the first rank of the run that has some stands for all of it.
-- Workers of data loaders are matched by their number too. Reads: run_processes.
-- Writes: process_pairs, unmatched_processes.

CREATE OR REPLACE MACRO process_name(rank, worker, nth) AS
    concat_ws(
        ' ',
        coalesce(CAST(rank AS VARCHAR), if(worker IS NULL, 'process', NULL)),
        'worker ' || worker,
        if(nth > 1, '#' || nth, NULL)
    );

CREATE OR REPLACE TABLE process_pairs AS
WITH
ranked AS (
    SELECT
        *,
        min(rank) OVER (PARTITION BY side) AS first_rank
    FROM run_processes
),

known AS (
    SELECT count(DISTINCT side) = 2 AS by_rank FROM ranked
    WHERE rank IS NOT NULL
),

candidate AS (
    SELECT
        ranked.* EXCLUDE (first_rank),
        known.by_rank,
        if(known.by_rank, ranked.rank, NULL) AS matched_rank
    FROM ranked
    CROSS JOIN known
    WHERE known.by_rank OR ranked.rank IS NOT DISTINCT FROM ranked.first_rank
)

SELECT
    row_number() OVER (
        ORDER BY a.matched_rank NULLS FIRST, a.worker NULLS FIRST, a.nth
    ) AS pair_no,
    a.by_rank,
    process_name(a.matched_rank, a.worker, a.nth) AS name,
    a.process_no AS process_no_a,
    b.process_no AS process_no_b
FROM candidate AS a
INNER JOIN candidate AS b
    ON
        a.side = 'a'
        AND b.side = 'b'
        AND a.matched_rank IS NOT DISTINCT FROM b.matched_rank
        AND a.worker IS NOT DISTINCT FROM b.worker
        AND a.nth = b.nth;

CREATE OR REPLACE TABLE unmatched_processes AS
WITH matched AS (
    SELECT
        unnest(['a', 'b']) AS side,
        unnest([process_no_a, process_no_b]) AS process_no
    FROM process_pairs
)

SELECT
    process.side,
    process_name(process.rank, process.worker, process.nth) AS name,
    row_number() OVER (
        ORDER BY process.rank NULLS FIRST, process.worker NULLS FIRST, process.nth
    ) AS place
FROM run_processes AS process
ANTI JOIN matched USING (side, process_no);

-- The names of pairs, given as a list of numbers.
CREATE OR REPLACE MACRO names_of_pairs(numbers) AS (
    SELECT string_agg(name, ', ' ORDER BY pair_no) FROM process_pairs
    WHERE list_contains(numbers, pair_no)
);
