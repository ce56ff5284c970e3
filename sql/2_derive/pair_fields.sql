-- One row per field of the records that a relation on pairs compares: none, until one is run.
-- Such a relation fills both tables; the numbers stand in the signatures of its examples.
CREATE OR REPLACE TABLE pair_fields (field_no BIGINT, field VARCHAR, path VARCHAR);
CREATE OR REPLACE TABLE pair_values (value_no BIGINT, value VARCHAR);

COMMENT ON TABLE pair_fields IS 'One row per field that a relation on pairs compares';
COMMENT ON COLUMN pair_fields.field_no IS 'its place in a signature, from 1';
COMMENT ON TABLE pair_values IS 'One row per value of such a field; 0 is null';
COMMENT ON COLUMN pair_values.value_no IS 'what stands for the value in a signature';
