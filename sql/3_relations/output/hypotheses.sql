-- One row per hypothesis "every tensor that F returns has property P equal to V".
-- Reads: candidate_functions, candidates.  Writes: hypotheses, left_out.
-- Settings: max_output_values.
CREATE OR REPLACE TEMP TABLE _returned_values AS
SELECT
    function,
    property,
    list(DISTINCT value) AS property_values
FROM candidates
WHERE function NOT IN (SELECT function FROM candidate_functions WHERE NOT returns_tensors)
GROUP BY function, property;

CREATE OR REPLACE TABLE hypotheses AS
SELECT
    row_number() OVER (ORDER BY function, property, value) AS hypothesis_id,
    to_json([
        json_object('param_type', 'APIParam', 'api_full_name', function),
        json_object(
            'param_type', 'VarTypeParam', 'var_type', 'torch.Tensor', 'attr_name', property,
            'const_value', CAST(value AS JSON)
        )
    ]) AS params
FROM (
    SELECT
        function,
        property,
        unnest(property_values) AS value
    FROM _returned_values
    WHERE len(property_values) <= getvariable('max_output_values')
);

CREATE OR REPLACE TABLE left_out AS
SELECT
    to_json([
        json_object('param_type', 'APIParam', 'api_full_name', function),
        json_object('param_type', 'VarTypeParam', 'var_type', 'torch.Tensor', 'attr_name', property)
    ]) AS params,
    'max_output_values' AS budget,
    getvariable('max_output_values') AS allowed,
    len(property_values) AS found
FROM _returned_values
WHERE len(property_values) > getvariable('max_output_values');

DROP TABLE _returned_values;
