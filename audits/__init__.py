"""How safely each repository of a GitHub organization ships its packages."""

__version__ = "0.1.0"
