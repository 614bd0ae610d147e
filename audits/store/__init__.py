"""History in SQL: what opens, changes and closes, scan by scan."""
