-- One row per A and B that are called one after the other, and per function that is called again.
-- Reads: ordered_pairs, repeated_functions.  Writes: candidates, candidate_repeats.
CREATE OR REPLACE TABLE candidates AS
SELECT * FROM ordered_pairs;

CREATE OR REPLACE TABLE candidate_repeats AS
SELECT * FROM repeated_functions;
