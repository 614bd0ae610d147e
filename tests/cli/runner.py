"""Runs the command line in this process, through `audits.cli.main`, as the script does."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from unittest.mock import patch

from msgspec import Struct

from audits.cli import main


class Ran(Struct, frozen=True, kw_only=True):
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> list[str]:
        """What it wrote to standard error, without the progress that slow machines are shown."""
        lines = self.err.splitlines()
        return [line for line in lines if not line.endswith("repositories read")]


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    with patch.dict(os.environ, values):
        yield


def release_audit(*words: str, **environment: str) -> Ran:
    """Run ``release-audit`` with these words and, beside the rest, this environment."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with (
        _environment(environment),
        patch.object(sys, "argv", ["release-audit", *words]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return Ran(code=code, out=out.getvalue(), err=err.getvalue())
