-- One row per hypothesis "every tensor that F returns has property P equal to V".
-- Reads: call_payloads, tensor_properties, functions.  Writes: hypotheses, left_out.
-- Settings: all_properties, max_output_values.
CREATE OR REPLACE TEMP TABLE _returned_values AS
WITH
returned AS (
    SELECT DISTINCT
        function,
        output_id
    FROM call_payloads
    INNER JOIN functions USING (function)
    WHERE outcome = 'ok' AND NOT functions.is_skipped
),

-- Functions that always return a tensor.
producer AS (
    SELECT function
    FROM returned
    GROUP BY function
    HAVING bool_and(output_id IN (SELECT payload_id FROM tensor_properties))
)

SELECT
    returned.function,
    found.property,
    list(DISTINCT found.value) AS property_values
FROM returned
INNER JOIN producer USING (function)
INNER JOIN tensor_properties AS found ON returned.output_id = found.payload_id
WHERE
    found.json_type <> 'OBJECT'
    AND is_telling(found.property)
    AND (getvariable('all_properties') OR found.value <> 'null')
    AND NOT is_address(found.property)
GROUP BY returned.function, found.property;

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
