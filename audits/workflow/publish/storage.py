"""Whether a copy to a storage is a release that people download, or pages, results and caches."""

from __future__ import annotations

import re
from collections.abc import Sequence

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
_LONGEST = 1024
_SOURCE_OPTIONS = ("--body", "--file", "-f", "--source", "-s")
_TARGET_OPTIONS = ("--bucket", "--key", "--name", "-n", "--container-name", "-c", "-d")
_SOURCE_INPUTS = ("path", "source", "source_dir", "source-directory", "file", "files", "glob")


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
    plain = _positional(words)
    if sources:
        targets += plain
    elif plain:
        *sources, target = plain if len(plain) > 1 else (*plain, "")
        targets.append(target)
        if _REMOTE.match(sources[0]) and not _REMOTE.match(target):
            return False  # it fetches
    return _is_release(sources, targets)


def _positional(words: Sequence[str]) -> list[str]:
    found: list[str] = []
    skipped = {*_VALUE_OPTIONS, *_SOURCE_OPTIONS, *_TARGET_OPTIONS}
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
