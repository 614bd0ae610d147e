"""The versions that new workflows name: actions by commit, tools by version; one dated table.

Each commit is the one that the version's tag names in the action's repository (``source``).
The workflows are renewed by the repository's own update bot once they are there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from msgspec import Struct

TAKEN = date(2026, 11, 29)
"""The day on which the table was compared with its sources."""


class Pin(Struct, frozen=True, kw_only=True):
    """One action at one commit, and the version whose tag names that commit."""

    action: str
    commit: str
    version: str

    @property
    def source(self) -> str:
        """The page on which the commit of the version can be compared."""
        repository = "/".join(self.action.split("/")[:2])
        return f"https://github.com/{repository}/releases/tag/{self.version}"

    @property
    def uses(self) -> str:
        """What stands behind ``uses:``, with the comment that update bots keep."""
        return f"{self.action}@{self.commit} # {self.version}"


_TABLE = (
    ("actions/checkout", "3d3c42e5aac5ba805825da76410c181273ba90b1", "v7.0.1"),
    ("actions/setup-python", "5fda3b95a4ea91299a34e894583c3862153e4b97", "v7.0.0"),
    ("actions/setup-node", "820762786026740c76f36085b0efc47a31fe5020", "v7.0.0"),
    ("actions/setup-dotnet", "a98b56852c35b8e3190ac28c8c2271da59106c68", "v6.0.0"),
    ("actions/upload-artifact", "043fb46d1a93c77aae656e7c1c64a875d1fc6a0a", "v7.0.1"),
    ("actions/download-artifact", "3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c", "v8.0.1"),
    ("pypa/gh-action-pypi-publish", "dc37677b2e1c63e2034f94d8a5b11f265b73ba33", "v1.14.2"),
    ("pypa/cibuildwheel", "1828c10ab37f080699c7b81cea34097c684a7074", "v4.2.0"),
    ("PyO3/maturin-action", "e83996d129638aa358a18fbd1dfb82f0b0fb5d3b", "v1.51.0"),
    ("rust-lang/crates-io-auth-action", "c6f97d42243bad5fab37ca0427f495c86d5b1a18", "v1.0.5"),
    ("ruby/setup-ruby", "0dafeac902942906541bc140009cdbf32665b601", "v1.315.0"),
    (
        "rubygems/configure-rubygems-credentials",
        "dc5a8d8553e6ee01fc26761a49e99e733d17954a",
        "v2.1.0",
    ),
    ("NuGet/login", "8d196754b4036150537f80ac539e15c2f1028841", "v1.2.0"),
)
PINS: Mapping[str, Pin] = {
    action: Pin(action=action, commit=commit, version=version) for action, commit, version in _TABLE
}
"""Every action that a new workflow may use, by its name."""

BUILD, TWINE, MATURIN = "1.6.1", "7.0.0", "1.16.0"
"""Of ``build``, ``twine`` and ``maturin``, as the package index served them on that day."""

PYTHON, RUBY, DOTNET = "3.13", "3.4", "10.0.x"
NODE = "26"
"""Its npm is 11.17 or later, and ``npm stage publish`` needs 11.15
(https://github.com/axios/axios/pull/11083).
"""
RUNNER = "ubuntu-24.04"


def uses(action: str) -> str:
    """What stands behind ``uses:`` for an action of the table; KeyError for any other."""
    return PINS[action].uses
