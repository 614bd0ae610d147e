"""Columns shared by several tables: owner and repository of a row, registry and package, path and line."""

from __future__ import annotations

from typing import Any

from audits.model.registry import Registry
from audits.report.table import Column, ForeignKey

OF_REPOSITORY = ForeignKey(
    columns=("owner", "repository"), table="repositories", names=("owner", "repository")
)
"""Each row is of a repository that the table of repositories has."""


def of_repository(
    repository: str = "The repository.", owner: str = "The account."
) -> tuple[Column[Any], Column[Any]]:
    """The columns ``owner`` and ``repository``, with these descriptions."""
    return (
        Column(name="owner", type="string", description=owner, of=lambda r: r.owner),
        Column(name="repository", type="string", description=repository, of=lambda r: r.repository),
    )


def of_package(registry: str = "The registry.") -> tuple[Column[Any], Column[Any]]:
    """The columns ``registry``, with this description, and ``package``."""
    return (
        Column(
            name="registry",
            type="string",
            description=registry,
            words=tuple(Registry),
            of=lambda r: r.registry,
        ),
        Column(
            name="package",
            type="string",
            description="The package; empty: its name was not found.",
            of=lambda r: r.package,
        ),
    )


def place(path: str, line: str) -> tuple[Column[Any], Column[Any]]:
    """The columns ``path`` and ``line``, with these descriptions."""
    return (
        Column(name="path", type="string", description=path, of=lambda r: r.path),
        Column(name="line", type="integer", description=line, of=lambda r: r.line),
    )
