"""Analyses of a parsed repository: conditions, events, taint, caches, artifacts and exposure."""
