"""The default package index, as `pypi_simple` knows it."""

from __future__ import annotations

import ast
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from audits.model.index_hosts import IndexHosts

_NAME = "PYPI_SIMPLE_ENDPOINT"


def index_hosts(simple_url: str = "") -> IndexHosts:
    """The hosts of that index, or of the public one; ValueError for what is no address."""
    return IndexHosts.of(simple_url or default_simple_url())


@cache
def default_simple_url() -> str:
    """`pypi_simple.PYPI_SIMPLE_ENDPOINT`.

    Importing the library takes 0.4 s, most of the time of a check of one repository, so
    the constant is read from its source; where that cannot be read, it is imported.
    """
    spec = find_spec("pypi_simple")
    source = Path(spec.origin) if spec is not None and spec.origin else Path()
    text = source.read_text("utf-8") if source.suffix == ".py" else ""
    return constant_in(text) or imported_simple_url()


def constant_in(source: str) -> str:
    """The value of the constant in a module's text; "" where it is not a plain one."""
    for node in ast.parse(source).body:
        match node:
            case (
                ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=str(url)))
                | ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(url)))
            ) if name == _NAME:
                return url
    return ""


def imported_simple_url() -> str:
    """The same, from the library itself."""
    from pypi_simple import PYPI_SIMPLE_ENDPOINT

    return PYPI_SIMPLE_ENDPOINT
