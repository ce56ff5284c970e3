"""A second, naive reading of the definitions, to compare the SQL with: loops, clarity, no speed.

`relations.RELATIONS` names the relations; each is a module with `hypotheses` and `examples`.
"""
