"""Finds artifacts that hold a token or a credential, which whoever may read the run downloads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from audits.analysis.action_versions import version_comment, version_of_ref
from audits.analysis.checkout_credentials import credentials_left
from audits.analysis.exposure.jobs import BUILT_IN, JobView, PlacedStep, named_secrets
from audits.analysis.exposure.project_code import inside
from audits.analysis.exposure.ways_in import Way
from audits.analysis.script_values import heredocs
from audits.model.command import Command
from audits.model.exposure import Actor, Cut, PathNeed, PathState, WayIn
from audits.model.repository import Repository
from audits.model.settings import Need, RepositorySettings
from audits.model.uses import Uses
from audits.model.wording import and_list
from audits.model.workflow import Step

_UPLOAD = "actions/upload-artifact"
_CHECKOUT = "actions/checkout"
_SHOWS_HIDDEN_BEFORE = (4, 4)
"""Since this version hidden files are left out unless an input asks for them.
https://github.blog/changelog/2024-08-19-notice-of-upcoming-deprecations-and-breaking-changes-in-github-actions-runners
"""
_REDIRECT = re.compile(r"^[1&]?>{1,2}\s*[\"']?([\w./~${}-]{1,200})")
_ELSEWHERE = re.compile(r"[/~]|\$(?!\{?(?:GITHUB_WORKSPACE|PWD)\b)")
"""The beginning of a path that is not in the workspace, or of which that is not known."""
_MOST_FILES, _MOST_LINES = 50, 200
"""Files that are followed, and lines of an upload's ``path``: no real job has as many."""
_REMOVES = frozenset({"rm", "shred", "remove-item"})
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")
_PUBLIC = PathNeed(
    what="whether the repository is public", need=Need.SETTINGS, permission="Metadata: read"
)
_IN_TIME = PathNeed(
    what="whether the artifact is downloaded before the job ends, with which its token does",
    need=Need.WORKFLOW,
)


def leaking_ways(repo: Repository, view: JobView) -> Iterator[Way]:
    """The artifacts of a job that hold a secret of the repository's, or the job's own token."""
    settings = repo.settings
    public = settings.is_public if isinstance(settings, RepositorySettings) else None
    if public is False:
        return
    held: dict[str, frozenset[str]] = {}
    uploads = (at for at, placed in enumerate(view.steps, 1) if _is_upload(placed.step))
    for placed in view.steps[: max(uploads, default=0)]:
        uses = placed.step.uses
        if uses is None:
            _follow(view, placed, held)
        elif uses.slug == _CHECKOUT:
            path = placed.step.input("path")
            folder = inside(path.value) if path is not None else ""
            held[f"{folder}/.git/config".lstrip("/")] = credentials_left(repo, placed.step)
        elif _is_upload(placed.step):
            names = view.stored(_uploaded(placed, held))
            if names:
                yield _way(view, placed, names, public)


def _is_upload(step: Step) -> bool:
    return step.uses is not None and step.uses.action == _UPLOAD


def _way(view: JobView, placed: PlacedStep, names: frozenset[str], public: bool | None) -> Way:
    stored = sorted(name.upper() for name in names - {BUILT_IN})
    shown = and_list(stored) or "the job's token"
    at = placed.step.at
    way = Way(
        kind=WayIn.ARTIFACT,
        actor=Actor.ANYONE,
        who="whoever may read the run",
        view=view,
        at=at,
        what=f"the artifact holds {shown}",
        anchor=f"artifact with {shown}",
        cut=Cut(what="upload the built files only, and keep no credential among them", at=at),
        reach=names,
    )
    if public is None:
        way = way.doubted(PathState.DEFAULT, _PUBLIC)
    return way if stored else way.doubted(PathState.OPEN, _IN_TIME)


def _follow(view: JobView, placed: PlacedStep, held: dict[str, frozenset[str]]) -> None:
    """What a script changes in the files that hold secrets: it writes some, and removes some."""
    script = _ScriptSecrets(view, placed)
    piped: Command | None = None
    for command, folder in view.moved(placed, view.folder(placed)):
        plain = [word for word in command.words[1:] if not word.startswith("-")]
        if command.program in _REMOVES and placed.step.condition is None:
            gone = {inside(word, folder) for word in plain} - {""}
            for path in [p for p in held if any(p == g or p.startswith(g + "/") for g in gone)]:
                del held[path]
        targets = [m[1] for text in command.redirects if (m := _REDIRECT.match(text)) is not None]
        names = script.secrets(command) if targets else frozenset()
        if command.program == "tee" and piped is not None:
            targets += plain
            names |= script.secrets(piped)
        if names:
            own = [target for target in targets if _ELSEWHERE.match(target) is None]
            for place in [inside(target, folder) for target in own if len(held) < _MOST_FILES]:
                held[place] = held.get(place, frozenset()) | names
        piped = command if command.piped_into else None


class _ScriptSecrets:
    """Which secrets the words of a script's commands hold."""

    def __init__(self, view: JobView, placed: PlacedStep) -> None:
        self.envs = (placed.step.env, view.job.env, view.workflow.env)
        run = placed.step.run
        bodies = heredocs(run.value) if run is not None and "<<" in run.value else {}
        self.heredocs = {end: self._named("\n".join(lines)) for end, lines in bodies.items()}

    def secrets(self, command: Command) -> frozenset[str]:
        """Those of its words, redirections and heredocs."""
        ends = [r.lstrip("<-").strip("\"' ") for r in command.redirects if r.startswith("<<")]
        named = [self.heredocs.get(end, frozenset()) for end in ends]
        return self._named(" ".join((*command.words, *command.redirects))).union(*named)

    def _named(self, text: str) -> frozenset[str]:
        names = set(named_secrets(text))
        for variable in set(_VARIABLE.findall(text)):
            given = next((env[variable] for env in self.envs if variable in env), None)
            names |= named_secrets(given.value) if given is not None else frozenset()
        return frozenset(names - {""})


def _uploaded(placed: PlacedStep, held: dict[str, frozenset[str]]) -> frozenset[str]:
    """The secrets in what a step uploads."""
    given = placed.step.input("path")
    lines = [line.strip() for line in given.value.splitlines()[:_MOST_LINES]] if given else []
    taken = [inside(line) for line in lines if line and line[0] not in "!#"]
    left_out = [inside(line[1:]) for line in lines if line.startswith("!")]
    hidden = _takes_hidden(placed)
    found: set[str] = set()
    for path, names in held.items():
        if not hidden and any(part.startswith(".") for part in path.split("/")):
            continue
        if any(_covers(p, path) for p in taken) and not any(_covers(p, path) for p in left_out):
            found |= names
    return frozenset(found)


def _covers(place: str, path: str) -> bool:
    """Whether a line of ``path:``, from the workspace's root, takes a file of the workspace."""
    if place in {"", "*", "**", "**/*", path} or path.startswith(place + "/"):
        return True
    return any(c in place for c in "*?[") and (
        fnmatchcase(path, place) or fnmatchcase(path, place.removeprefix("**/"))
    )


def _takes_hidden(placed: PlacedStep) -> bool:
    """Whether an upload takes hidden files too."""
    asked = placed.step.input("include-hidden-files")
    if asked is not None:
        return asked.value == "true"
    return placed.step.uses is not None and _is_old(placed.step.uses)


def _is_old(uses: Uses) -> bool:
    """Whether the version is surely one that takes hidden files unasked."""
    version = version_of_ref(version_comment(uses.comment) if uses.is_pinned else uses.ref)
    if version is None or version.major < _SHOWS_HIDDEN_BEFORE[0]:
        return False  # GitHub runs no older ones
    text = uses.comment if uses.is_pinned else uses.ref
    written = re.search(r"v?(\d+)\.(\d+)", text)
    return written is not None and (int(written[1]), int(written[2])) < _SHOWS_HIDDEN_BEFORE
