-- One row per stage that some trace names.
-- Reads: features.  Writes: known_stages.
CREATE OR REPLACE TABLE known_stages AS
SELECT DISTINCT value
FROM features
WHERE field = 'meta_vars.stage';

COMMENT ON TABLE known_stages IS 'One row per stage that some trace names';
COMMENT ON COLUMN known_stages.value IS 'its name as JSON text';
