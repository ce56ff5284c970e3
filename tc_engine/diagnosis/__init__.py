"""From violated invariants to findings: what belongs together, and what tells most."""

from tc_engine.diagnosis.findings import Diagnosis, Finding, diagnose

__all__ = ["Diagnosis", "Finding", "diagnose"]
