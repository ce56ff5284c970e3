"""Learn what always holds in good training runs, and find what breaks in others."""

from tc_engine.collect.annotations import annotate_stage, annotate_step

__all__ = ["annotate_stage", "annotate_step"]
__version__ = "0.1.0"
