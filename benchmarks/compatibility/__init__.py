"""Compare tc_engine with TrainCheck 0.2.0 on its own traces, and write docs/compatibility.md.

python -m benchmarks.compatibility ../shared/traces

Read `compare.py` first: it is the flow.
"""
