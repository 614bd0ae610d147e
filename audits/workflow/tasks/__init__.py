"""Reads what a step leads to: the repository's own scripts and the tasks of its task files."""
