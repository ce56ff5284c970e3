"""`tc_engine.infer` and `tc_engine.check`: what the commands of these names do, for Python.

The work, the files that are written and the words of an error are those of the command line.
"""

from tc_engine.api.checking import Checked, check
from tc_engine.api.learning import Inferred, infer

__all__ = ["Checked", "Inferred", "check", "infer"]
