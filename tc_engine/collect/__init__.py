"""The collector: run a training program unchanged and write what it does as a trace dataset.

`launch` is the outside (no torch), `boot` the way in, `session` what lives in the traced process.
"""
