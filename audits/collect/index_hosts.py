"""The index that is meant where none is configured: the one that `pypi_simple` knows."""

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

    Importing the library takes 0.4 s, most of what a check of one repository may cost (design
    section 13), so the constant is read from its source; where that is not at hand, imported.
    """
    spec = find_spec("pypi_simple")
    if spec is not None and spec.origin is not None and spec.origin.endswith(".py"):
        for node in ast.parse(Path(spec.origin).read_text("utf-8")).body:
            match node:
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=str(url))):
                    if name == _NAME:
                        return url
                case _:
                    continue
    from pypi_simple import PYPI_SIMPLE_ENDPOINT

    return PYPI_SIMPLE_ENDPOINT
