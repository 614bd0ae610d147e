"""Scans and audits: from collected snapshots to results, in a pool of workers."""
