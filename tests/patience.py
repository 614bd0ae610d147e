"""How long tests wait for what must happen, on a machine that may have other things to do."""

PATIENCE = 300
"""Seconds after which something counts as stuck: no bound on how quick it is."""
