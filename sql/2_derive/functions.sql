-- One row per function that some trace calls.
CREATE OR REPLACE TABLE functions AS
WITH names AS (
    SELECT
        function,
        count(*) AS calls
    FROM calls
    GROUP BY function
)

SELECT
    function,
    calls,
    len(list_filter(
        getvariable('skip_functions'), lambda part: contains(function, part)
    )) > 0 AS is_skipped
FROM names;

COMMENT ON TABLE functions IS 'One row per function that some trace calls';
COMMENT ON COLUMN functions.calls IS 'calls of it in all traces';
COMMENT ON COLUMN functions.is_skipped IS 'its name contains one of the setting skip_functions';
