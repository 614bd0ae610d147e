"""The address of the public index comes from the library that knows it, however it is read."""

from __future__ import annotations

import pytest
from pypi_simple import PYPI_SIMPLE_ENDPOINT

from audits.collect.index.default_index import (
    constant_in,
    default_simple_url,
    imported_simple_url,
    index_hosts,
)

_URL = "https://pypi.example/simple/"


def test_the_default_index_is_the_librarys() -> None:
    assert default_simple_url() == imported_simple_url() == PYPI_SIMPLE_ENDPOINT
    assert index_hosts().simple == PYPI_SIMPLE_ENDPOINT
    assert index_hosts(_URL).simple == _URL


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (f"import x\nPYPI_SIMPLE_ENDPOINT: str = {_URL!r}\n", _URL),
        (f"OTHER = 'x'\nPYPI_SIMPLE_ENDPOINT = {_URL!r}\n", _URL),
        ("PYPI_SIMPLE_ENDPOINT = environ['X']\n", ""),
        ("from .endpoint import PYPI_SIMPLE_ENDPOINT\n", ""),
        ("", ""),
    ],
)
def test_only_a_plain_constant_is_read_from_source(source: str, expected: str) -> None:
    assert constant_in(source) == expected
