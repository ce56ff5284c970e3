-- Every setting with its default. Set one before this file is read: SET VARIABLE min_support = 5;
-- The SQL files read a setting with getvariable('name').

-- The runs to look at: a list of trace dataset folders.
SET VARIABLE dataset = coalesce(getvariable('dataset'), []);
-- Fewest positive examples that make a hypothesis worth keeping.
SET VARIABLE min_support = coalesce(getvariable('min_support'), 2);
