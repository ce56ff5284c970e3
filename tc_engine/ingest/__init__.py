"""TrainCheck's traces, read into trace datasets."""

from tc_engine.ingest.cache import ingest_cached
from tc_engine.ingest.convert import ingest
from tc_engine.ingest.report import IngestReport, Problem
from tc_engine.ingest.sources import is_traincheck

__all__ = ["IngestReport", "Problem", "ingest", "ingest_cached", "is_traincheck"]
