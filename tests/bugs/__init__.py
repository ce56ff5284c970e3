"""Training programs with a silent bug each, and how well its cause is found."""
