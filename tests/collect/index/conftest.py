"""A package index for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.collect.index.server import PackageIndexServer, serving


@pytest.fixture
def index() -> Iterator[PackageIndexServer]:
    with serving() as server:
        yield server
