"""Loaded first by the process that worker processes are copied from.

While that process imports what workers need, nothing becomes garbage: looking for it would take a
fifteenth of the time. Workers enable the collection again.
"""

from __future__ import annotations

import gc

gc.disable()
