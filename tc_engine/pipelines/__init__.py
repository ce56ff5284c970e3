"""The flows: what a command does from runs to its result, each to be read from top to bottom."""
