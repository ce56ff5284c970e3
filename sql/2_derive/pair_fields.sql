-- One row per field of the records that a relation on pairs compares: none, until one is run.
-- Such a relation fills the first two tables; the numbers stand in the signatures of its examples. The
-- third is for one that leaves fields out because all of its records have the same value in them.
CREATE OR REPLACE TABLE pair_fields (field_no BIGINT, field VARCHAR, path VARCHAR);
CREATE OR REPLACE TABLE pair_values (value_no BIGINT, value VARCHAR);
CREATE OR REPLACE TABLE pair_columns (field VARCHAR, path VARCHAR, only_value VARCHAR);

COMMENT ON TABLE pair_fields IS 'One row per field that a relation on pairs compares';
COMMENT ON COLUMN pair_fields.field_no IS 'its place in a signature, from 1';
COMMENT ON TABLE pair_values IS 'One row per value of such a field; 0 is null';
COMMENT ON COLUMN pair_values.value_no IS 'what stands for the value in a signature';
COMMENT ON TABLE pair_columns IS
'One row per field of the records, where a relation leaves out those with one value in all of them';
COMMENT ON COLUMN pair_columns.only_value IS 'what all records have in it; NULL where they differ';
