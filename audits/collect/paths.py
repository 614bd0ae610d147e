"""Decides which files of a repository are read, for every collector."""

from __future__ import annotations

import re

from audits.model import code_owners

WORKFLOWS = ".github/workflows"
ACTIONS = ".github/actions"

LOCK_FILE = f"{WORKFLOWS}/actions.lock"

ROOT_FILES = frozenset(
    {
        "action.yml",
        "action.yaml",
        "zizmor.yml",
        "zizmor.yaml",
        "renovate.json",
        "renovate.json5",
        ".renovaterc",
        ".renovaterc.json",
        ".renovaterc.json5",
        "pyproject.toml",
        "setup.cfg",
        "setup.py",
        "package.json",
        "Cargo.toml",
    }
)
"""Actions, update bots, zizmor's settings and package metadata at the root."""

GITHUB_FILES = frozenset(
    {
        "dependabot.yml",
        "dependabot.yaml",
        "renovate.json",
        "renovate.json5",
        "zizmor.yml",
        "zizmor.yaml",
    }
)
"""The same below ``.github``."""

PACKAGE_FILE = "pyproject.toml"
"""Read one level down too: repositories that hold several packages keep one in each folder."""

MAX_BYTES = 2 * 1024 * 1024
"""A longer file is a gap: nobody writes one by hand, and GitHub runs no workflow that long."""

NEVER_PACKAGES = frozenset(
    {"benchmarks", "ci", "doc", "docs", "examples", "requirements", "scripts", "test", "tests"}
)
"""Folders whose ``pyproject.toml`` is no package that is released."""

_YAML = (".yml", ".yaml")
# Bounded, and stopping at a colon, so that no text of any form takes more than linear time;
# a comma or a brace ends what is in a flow mapping.
_LOCAL = re.compile(r"""uses:\s*["']?(?:\./|\$/)([^\s"'#:,}]{0,300})""")
_REMOTE = re.compile(
    r"""uses:\s*["']?([\w.-]{1,100})/([\w.-]{1,100})((?:/[^\s"'#@:]{1,300})?)@([^\s"'#:,}]{1,255})"""
)
_ACTION = re.compile(rf"{re.escape(ACTIONS)}/(?:.+/)?action\.ya?ml", re.DOTALL)


def is_workflow(path: str) -> bool:
    """Whether GitHub runs this file as a workflow: YAML directly in ``.github/workflows``."""
    folder, _, name = path.rpartition("/")
    return folder == WORKFLOWS and name.endswith(_YAML)


def is_shared_action(path: str) -> bool:
    """Whether it is a composite action kept where repositories usually keep theirs."""
    return _ACTION.fullmatch(path) is not None


def is_nested_package(path: str) -> bool:
    """Whether it is the metadata of a package one folder down."""
    folder, _, name = path.rpartition("/")
    return name == PACKAGE_FILE and "/" not in folder and may_hold_package(folder)


def may_hold_package(folder: str) -> bool:
    """Whether a folder at the root may hold a package with metadata of its own."""
    return bool(folder) and not folder.startswith((".", "_")) and folder not in NEVER_PACKAGES


def is_code_owners(path: str) -> bool:
    """Whether GitHub may look there for whom to ask: nobody asked for it in particular."""
    return path in code_owners.PLACES


def most_bytes(path: str) -> int:
    """How long a wanted file may be."""
    return code_owners.MOST_BYTES if is_code_owners(path) else MAX_BYTES


def wanted(path: str) -> bool:
    """Whether a file of this path (from the repository's root, with ``/``) is read.

    Composite actions elsewhere in the repository are read where a workflow refers to them:
    see `action_files`.
    """
    if is_code_owners(path):
        return True
    folder, _, name = path.rpartition("/")
    if not folder:
        return name in ROOT_FILES or name.endswith(".gemspec")
    if folder == ".github":
        return name in GITHUB_FILES
    return (
        is_workflow(path) or path == LOCK_FILE or is_shared_action(path) or is_nested_package(path)
    )


def action_files(directory: str) -> tuple[str, str]:
    """The two paths at which GitHub looks for the action that a local ``uses:`` names.

    ``directory`` is from the root, as in `Uses.path`; a leading ``./`` and slashes are dropped.
    """
    clean = directory.removeprefix("./").strip("/")
    prefix = "" if clean in ("", ".") else f"{clean}/"
    return f"{prefix}action.yml", f"{prefix}action.yaml"


def local_references(text: str) -> set[str]:
    """The paths that a text's local ``uses:`` name, without ``./``.

    A pattern, not a parser: it only says what else to read, and to read too much does no harm.
    """
    if "./" not in text and "$/" not in text:
        return set()
    return {match.strip("/") for match in _LOCAL.findall(text)}


def remote_references(text: str) -> set[tuple[str, str, str]]:
    """The (``owner/repo``, path, ref) that a text's ``uses:`` name, as they are written."""
    return {
        (f"{owner}/{repo}", path.strip("/"), ref)
        for owner, repo, path, ref in _REMOTE.findall(text)
    }
