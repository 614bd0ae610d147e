"""Reads scans, findings and releases from the store."""
