-- One row per hypothesis that tells something of the programs alone in which it holds: none, until a
-- relation's hypotheses are made. Its rule is judged in runs of these programs.
CREATE OR REPLACE TABLE local_hypotheses (hypothesis_id BIGINT);

COMMENT ON TABLE local_hypotheses IS
'One row per hypothesis that tells something of the programs alone in which it holds';
COMMENT ON COLUMN local_hypotheses.hypothesis_id IS 'number of the hypothesis';
