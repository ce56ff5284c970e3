-- One row per violation: a negative example whose precondition holds.
-- Reads: examples, accepted_signatures.  Writes: violations.
CREATE OR REPLACE TABLE violations AS
SELECT examples.* EXCLUDE (is_positive, signature)
FROM examples
INNER JOIN accepted_signatures USING (hypothesis_id, signature)
WHERE NOT examples.is_positive;

COMMENT ON TABLE violations IS 'One row per violation: a negative example whose precondition holds';
COMMENT ON COLUMN violations.decided_ts IS 'ns, when it was certain';
COMMENT ON COLUMN violations.event_id IS 'the record in events, with trace and process_id';
