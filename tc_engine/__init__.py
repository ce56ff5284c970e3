"""Learn what always holds in good training runs, and find what breaks in others."""

__version__ = "0.1.0"
