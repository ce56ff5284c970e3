"""Look at many runs in groups: each by a process of its own, here or elsewhere, with one result.

What a partition finds goes into a folder as Parquet files; what is concluded from the files of all
does not depend on how the runs were divided.
"""
