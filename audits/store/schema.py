"""What makes the tables of a new SQLite database, as text that was made ahead of time."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import create_mock_engine
from sqlalchemy.schema import ExecutableDDLElement
from sqlalchemy.sql.ddl import CreateIndex

from audits.store.tables import metadata, version

FILE = Path(__file__).with_name("schema.sql")
_HEAD = "-- Made of audits/store/tables.py by `python -m audits.generate`: do not edit.\n\n"
_END = ";\n\n"


def statements() -> tuple[str, ...]:
    """The statements of the file: making them of the tables takes as long as following them."""
    return tuple(FILE.read_text("utf-8").removeprefix(_HEAD).removesuffix(";\n").split(_END))


def schema_text() -> str:
    """The file's text as the tables are now: all tables, then their indexes by name."""
    tables: list[str] = []
    indexes: list[str] = []

    def collect(made: ExecutableDDLElement, *_: object, **__: object) -> None:
        text = re.sub(r"\s*\n\s*", "\n    ", str(made.compile(dialect=engine.dialect)).strip())
        kind = indexes if isinstance(made, CreateIndex) else tables
        kind.append(text.replace("\n    )", "\n)"))

    engine = create_mock_engine("sqlite://", collect)
    for some in (metadata, version.metadata):
        some.create_all(engine, checkfirst=False)
    return _HEAD + _END.join([*tables, *sorted(indexes)]) + ";\n"
