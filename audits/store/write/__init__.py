"""Writes scans, findings and scores into the store."""
