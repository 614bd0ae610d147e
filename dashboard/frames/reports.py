"""Data dictionaries of the export's tables."""

from __future__ import annotations

from typing import Any

import pandas as pd

from audits.report.table import Table
from dashboard.frames.cells import frame_of


def dictionary(table: Table[Any]) -> pd.DataFrame:
    """One row per column of a table: name, type, meaning, and its only values."""
    return frame_of(
        (
            {
                "column": column.name,
                "type": column.type,
                "meaning": column.description,
                "values": ", ".join(map(str, column.words)),
            }
            for column in table.columns
        ),
        ("column", "type", "meaning", "values"),
    )
