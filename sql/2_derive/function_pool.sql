-- One row per function that Lead and Cover look at: neither skipped nor called again and again.
CREATE OR REPLACE TABLE function_pool AS
SELECT functions.function
FROM functions
INNER JOIN function_repeats USING (function)
WHERE
    NOT functions.is_skipped
    AND function_repeats.repeats <= getvariable('max_repeats');

COMMENT ON TABLE function_pool IS 'One row per function that Lead and Cover look at';
