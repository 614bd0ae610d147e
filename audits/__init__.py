"""Audits how safely each repository of a GitHub organization publishes its packages."""

__version__ = "0.1.0"
