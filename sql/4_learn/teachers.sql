-- One row per hypothesis and program in which it held; NULL for a run that does not tell its program.
-- Reads: example_signatures, traces.  Writes: teachers.
CREATE OR REPLACE TABLE teachers AS
SELECT DISTINCT
    found.hypothesis_id,
    traces.program
FROM example_signatures AS found
INNER JOIN traces USING (trace)
WHERE found.is_positive;

COMMENT ON TABLE teachers IS 'One row per hypothesis and program in which it held';
COMMENT ON COLUMN teachers.program IS 'NULL for a run that does not tell its program';
