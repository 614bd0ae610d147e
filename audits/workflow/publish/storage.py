"""Tells releases that are copied to storage from pages, results and caches that are."""

from __future__ import annotations

import re
from collections.abc import Sequence

from audits.expressions.syntax import replace_fences
from audits.model.command import Command
from audits.workflow.publish.site import Site

_REMOTE = re.compile(
    r"(?:s3|gs|r2|az|b2|wasbs?|abfss?)://|https?://[\w.-]*blob\.|[\w-]{2,}:(?!\\|//)"
)
# What builds are called: archives, installers, packages and binaries.
_BUILD_FILE = re.compile(
    r"\.(?:whl|tar\.\w+|tgz|txz|zip|7z|exe|msi|msix|dmg|pkg|deb|rpm|apk|aab|ipa|jar|war|nupkg|gem"
    r"|crate|vsix|appimage|snap|flatpak|conda|wasm|sig|asc|minisig)(?![\w])",
    re.IGNORECASE,
)
_BUILD_WORD = re.compile(
    r"wheel|tarball|archive|installer|package(?!\.json)|binar(?:y|ies)|(?:^|/)target/(?:[^/]+/)*"
    r"release/|(?:^|/)(?:releases?|wheelhouse|artifacts)/",
    re.IGNORECASE,
)
# Where builds go that people download.
_DOWNLOADS = re.compile(
    r"(?<![a-z])(?:releases?|downloads?|dist|binar(?:y|ies)|bin|packages?|pkgs?|nightl(?:y|ies)"
    r"|installers?|wheels?|plugins?|artifacts?|latest|stable|get|apt|yum|charts?|cli)(?![a-z])",
    re.IGNORECASE,
)
_OTHER_CONTENT = re.compile(
    r"(?<![a-z])(?:docs?|documentation|sites?|web(?:site|app)?|www|html|public|static|storybook"
    r"|coverage|reports?|results?|logs?|[sc]*cache|caches|bench(?:marks?)?|screenshots?|tests?"
    r"|backups?|book|lambdas?|terraform|tfstate|images?|assets|stats|metrics|junit|traces?|dumps?"
    r"|sql|frontend|spa|allure|playwright|profil(?:es?|ing))(?![a-z])",
    re.IGNORECASE,
)
_VALUE_OPTIONS = frozenset(
    [
        "--acl",
        "--content-type",
        "--cache-control",
        "--exclude",
        "--include",
        "--profile",
        "--region",
        "--endpoint-url",
        "--storage-class",
        "--metadata",
        "--content-encoding",
        "--content-disposition",
        "--account-name",
        "--account-key",
        "--sas-token",
        "--auth-mode",
        "--connection-string",
        "--pattern",
        "--include-pattern",
        "--sse",
        "--grants",
        "--expires",
        "-x",
        "-h",
        "-j",
        "-z",
        "-P",
    ]
)
_SERVER_OPTIONS = {
    "rsync": frozenset(
        {"-e", "--rsh", "--rsync-path", "--exclude", "--include", "--exclude-from", "--filter"}
        | {
            "--include-from",
            "--files-from",
            "--port",
            "--chmod",
            "--chown",
            "--password-file",
            "-f",
        }
    ),
    "scp": frozenset({"-i", "-o", "-P", "-F", "-c", "-l", "-S", "-J", "-D", "-X"}),
}
"""Programs that copy files to servers, and their options with a value."""
_ON_SERVER = re.compile(r"rsync://|(?:[^/@:\s]+@)?[^/@:\s]{2,}:")
_BUILT_FOLDER = re.compile(r"(?:^|/)(?:dist|wheelhouse|releases?|artifacts|packages|out)(?:/|$)")
_LONGEST = 1024
_SOURCE_OPTIONS = ("--body", "--file", "-f", "--source", "-s")
_TARGET_OPTIONS = ("--bucket", "--key", "--name", "-n", "--container-name", "-c", "-d")
_SOURCE_INPUTS = (
    "path",
    "source",
    "source_dir",
    "source-directory",
    "file",
    "files",
    "glob",
    "local-dir",
    "local_path",
)


def copies_builds(site: Site, command: Command | None, subcommands: int) -> bool:
    """Whether a command, or an action by its inputs, copies builds to where people get them.

    ``subcommands`` is how many words the program and its subcommands take.
    """
    if command is None:
        sources = [v.value for k, v in site.inputs.items() if k.lower() in _SOURCE_INPUTS]
        sources += [
            v.value for k, v in (site.step.env if site.step else {}).items() if "SOURCE" in k
        ]
        targets = [v.value for k, v in site.inputs.items() if k.lower() not in _SOURCE_INPUTS]
        return _is_release(sources, targets)
    words = [site.expand(word, command) for word in command.words[subcommands:]]
    named = Command(words=("", *words), line=command.line)
    sources = list(named.options(*_SOURCE_OPTIONS))
    targets = list(named.options(*_TARGET_OPTIONS))
    values = _SERVER_OPTIONS.get(command.program)
    plain = _positional(words, values or _VALUE_OPTIONS)
    if values is not None:
        return len(plain) > 1 and _goes_to_server(plain) and _is_release(plain[:-1], plain[-1:])
    if sources:
        targets += plain
    elif plain:
        *sources, target = plain if len(plain) > 1 else (*plain, "")
        targets.append(target)
        if _REMOTE.match(sources[0]) and not _REMOTE.match(target):
            return False  # it fetches
    return _is_release(sources, targets)


def _goes_to_server(plain: Sequence[str]) -> bool:
    """Whether files or a folder of builds are copied from here to a server."""
    *sources, target = (replace_fences(word, "x") for word in plain)
    here = not any(_ON_SERVER.match(source) for source in sources)
    built = any(_BUILD_FILE.search(s) or _BUILT_FOLDER.search(s) for s in sources)
    return here and built and _ON_SERVER.match(target) is not None


def _positional(words: Sequence[str], values: frozenset[str]) -> list[str]:
    found: list[str] = []
    skipped = {*values, *_SOURCE_OPTIONS, *_TARGET_OPTIONS} if values is _VALUE_OPTIONS else values
    index = 0
    while index < len(words):
        if words[index].startswith("-"):
            index += 2 if words[index] in skipped else 1
        else:
            found.append(words[index])
            index += 1
    return found


def _is_release(sources: Sequence[str], targets: Sequence[str]) -> bool:
    sources = [text[:_LONGEST] for text in sources]
    targets = [text[:_LONGEST] for text in targets]
    if any(_OTHER_CONTENT.search(text) for text in (*sources, *targets)):
        return False
    if any(_BUILD_FILE.search(text) or _BUILD_WORD.search(text) for text in sources):
        return True
    return any(_DOWNLOADS.search(text) for text in targets)
