"""Column types for times, and the types that SQLite's cells are checked against."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import DateTime, Dialect, Float, Integer, String
from sqlalchemy.types import TypeDecorator, TypeEngine


class Moment(TypeDecorator[datetime]):
    """An aware time, in UTC on the way in and out; SQLite itself keeps no zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC; a time without zone would be read as the machine's own and is refused."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without its zone cannot be stored")
        moved = value.astimezone(UTC)
        return moved.replace(tzinfo=None) if dialect.name == "sqlite" else moved

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Back to an aware time in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class DamagedCellError(ValueError):
    """A cell of another type than its column, which release-audit cannot have written."""


_Value = TypeVar("_Value", str, int, float)


def _only(kind: type[_Value]) -> Callable[[object], _Value | None]:
    def checked(value: object) -> _Value | None:
        if value is None or isinstance(value, kind):
            return value
        raise DamagedCellError(f"a cell holds {type(value).__name__} where {kind.__name__} belongs")

    return checked


class _Word(String):
    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], str | None]:
        return _only(str)


class _Number(Integer):
    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], int | None]:
        return _only(int)


class _Fraction(Float[float]):
    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], float | None]:
        return _only(float)


CHECKED: Mapping[type[TypeEngine[Any]], type[TypeEngine[Any]]] = {
    String: _Word,
    Integer: _Number,
    Float: _Fraction,
}
"""For `Dialect.colspecs`: SQLite keeps a value of any type in any column, and PostgreSQL none
but the column's (https://sqlite.org/datatype3.html)."""
