"""DuckDB, and the SQL files it runs."""
