"""The store of the sample organization, scanned once for all reports."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from audits.sample.demo import scan_sample
from audits.store.open import open_store


@pytest.fixture(scope="session")
def sample_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a store that nobody may write to: tests that do so take a copy."""
    path = tmp_path_factory.mktemp("sample") / "sample.sqlite"
    with closing(open_store(str(path))) as store:
        scan_sample(store, lambda _: None, engine=False)
    return path
