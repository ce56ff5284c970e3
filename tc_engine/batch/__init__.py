"""Many ingest, infer and check jobs from one file: in order, within a budget, and only once."""
