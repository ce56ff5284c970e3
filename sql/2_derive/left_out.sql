-- One row per function, or attribute of what it returns, that a relation does not look at because a
-- budget is used up: none, until a relation's hypotheses are made. The failed file tells them.
CREATE OR REPLACE TABLE left_out (params JSON, budget VARCHAR, allowed BIGINT, found BIGINT);

COMMENT ON TABLE left_out IS 'One row per function or attribute that a budget leaves out';
COMMENT ON COLUMN left_out.params IS 'what is left out, as in invariant files';
COMMENT ON COLUMN left_out.budget IS 'the setting that says how much is allowed';
COMMENT ON COLUMN left_out.allowed IS 'its value';
COMMENT ON COLUMN left_out.found IS 'how much there is';
