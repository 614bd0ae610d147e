"""The worker that is begun before options are read: for which words, and how it ends."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from audits import cli

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are copies: Linux only")


@pytest.mark.parametrize(
    ("words", "begun"),
    [
        ("scan --folder x --offline", True),
        ("scan --offline --folder=x --no-engine", True),
        ("scan --folder x", False),
        ("scan --folders x --offline", False),
        ("scan orchard-labs --offline", False),
        ("check x --offline --folder x", False),
        ("", False),
    ],
)
def test_a_worker_is_begun_for_a_folder_that_nobody_else_is_asked_about(
    words: str, begun: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    leader = cli._leader(words.split())
    assert (leader is not None) == begun
    if leader is not None:
        leader.stop()
        assert not leader.process.is_alive()


@pytest.mark.parametrize("option", ["--what", "--index-url=ftp://x", "--help"])
def test_wrong_options_end_the_worker_that_was_begun_for_them(
    organization: Path, option: str
) -> None:
    words = ("scan", "--folder", str(organization), "--offline", option)
    main = "from audits.cli import main; main()"
    # It returns once nobody is left who could still write.
    ran = subprocess.run(
        [sys.executable, "-c", main, *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == (0 if option == "--help" else 2)
    assert "Traceback" not in ran.stderr
