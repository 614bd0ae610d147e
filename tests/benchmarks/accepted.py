"""Labels that the files themselves contradict, each read by hand, with the reason."""

from __future__ import annotations

ACCEPTED: dict[tuple[str, str, str, str, str], str] = {}
"""By repository, workflow, job, step and what was compared."""
