-- One row per hypothesis "before every call of B, since the call of B before it, A was called".
-- Reads: ordered_pairs, repeated_functions.  Writes: hypotheses, left_out.
CREATE OR REPLACE TABLE hypotheses AS
SELECT
    row_number() OVER (ORDER BY first_function, second_function) AS hypothesis_id,
    to_json([
        json_object('param_type', 'APIParam', 'api_full_name', first_function),
        json_object('param_type', 'APIParam', 'api_full_name', second_function)
    ]) AS params
FROM ordered_pairs;

CREATE OR REPLACE TABLE left_out AS
SELECT * FROM repeated_functions;
