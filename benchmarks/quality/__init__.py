"""How good the verdicts are: correct programs that are accused.

Read `false_alarms.py` first: it is the flow.
"""
