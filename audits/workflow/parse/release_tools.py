"""Reads whether the configuration of semantic-release or release-it keeps it from npm."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from posixpath import basename

from audits.model.source import SourceFile
from audits.workflow.parse.data_files import json_table

_LONGEST = 100_000
_SEMANTIC_RELEASE = re.compile(
    r"\.releaserc(?:\.(?:json|ya?ml|[mc]?js))?|release\.config\.[mc]?[jt]s"
)
_RELEASE_IT = re.compile(r"\.release-it\.(?:json|ya?ml|toml|[mc]?js|ts)")
_PLUGIN = re.compile(r"[\"' ](@?[\w.-]*(?:/[\w.-]*)?semantic-release[\w./-]*)")
_OWN_PLUGIN = re.compile(r"[\"' ]\.{1,2}/[^\"'\s]*\.[cm]?[jt]s(?![\w*])")
_KEEPS_TO_GITHUB = frozenset(
    f"@semantic-release/{name}"
    for name in ("changelog", "commit-analyzer", "git", "github", "release-notes-generator")
)
_NPM = "@semantic-release/npm"
_NO_NPM = re.compile(r"\bnpmPublish[\"']?\s*[:=]\s*false\b")
_NPM_IS_OFF = re.compile(
    r"\bnpm[\"']?\s*[:=]\s*(?:false\b|\{[^{}]{0,400}\bpublish[\"']?\s*[:=]\s*false\b)"
    r"|^npm:[ \t]*\n(?:[ \t][^\n]*\n){0,20}?[ \t]+publish:[ \t]*false\b"
    r"|^\[npm\]\n(?:[^\[\n][^\n]*\n){0,20}?publish\s*=\s*false\b",
    re.MULTILINE,
)
_PUBLISHES_OTHERWISE = re.compile(
    r"\bpublish\b(?![\"']?\s*[:=])|release-it-(?!(?:plugins/)?lerna-changelog\b)[\w/-]+"
)
"""Hooks of release-it that publish, and its plugins but for those that cannot."""


def tools_without_npm(files: Iterable[SourceFile]) -> frozenset[str]:
    """The tools, by the name of their command, whose configuration at the root says that they
    publish nothing to npm. One that has other plugins, or extends another one, may.
    """
    return frozenset(
        tool
        for file in files
        if "/" not in file.path and len(file.text) <= _LONGEST
        for tool, text in _configurations(file)
        if (_keeps_from_npm(text) if tool == "semantic-release" else _is_without_npm(text))
    )


def _configurations(file: SourceFile) -> Iterator[tuple[str, str]]:
    """The tools that a file configures, with the text that does.

    https://semantic-release.gitbook.io/semantic-release/usage/configuration
    https://github.com/release-it/release-it/blob/main/docs/configuration.md
    """
    name = basename(file.path)
    if name == "package.json":
        data = json_table(file.text)
        for tool, key in (("semantic-release", "release"), ("release-it", "release-it")):
            if isinstance(data.get(key), dict):
                yield tool, json.dumps(data[key])
    elif _SEMANTIC_RELEASE.fullmatch(name):
        yield "semantic-release", file.text
    elif _RELEASE_IT.fullmatch(name):
        yield "release-it", file.text


def _is_without_npm(text: str) -> bool:
    """Whether a configuration of release-it keeps it from npm."""
    return _NPM_IS_OFF.search(text) is not None and _PUBLISHES_OTHERWISE.search(text) is None


def _keeps_from_npm(text: str) -> bool:
    """Whether a configuration of semantic-release keeps it from npm."""
    if "plugins" not in text or re.search(r"\bextends\b", text):
        return False  # by default it publishes to npm
    plugins = set(_PLUGIN.findall(text))
    if plugins - _KEEPS_TO_GITHUB - {_NPM} or _OWN_PLUGIN.search(text):
        return False
    return _NPM not in plugins or _NO_NPM.search(text) is not None
