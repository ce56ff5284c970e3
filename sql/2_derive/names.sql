-- One value per function that some trace calls. A name that stands in millions of rows is a number there.
-- Reads: events.  Writes: function_name.
CREATE OR REPLACE TYPE function_name AS ENUM ( -- noqa: CV07
    SELECT DISTINCT function FROM events
    WHERE kind = 'call'
    ORDER BY function
);
