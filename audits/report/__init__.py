"""Audits as files and text for people and machines."""
