"""Content of an incident: which uses are concerned, the verdict, and issues for repositories."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd
from msgspec import Struct

from audits.analysis.action_versions import is_range, is_within, version_comment, version_of_ref
from audits.model.rows import JobRow
from audits.model.workflow import Role
from audits.report.phrases import count
from dashboard.frames.cells import frame_of, line_url, span, visible

_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_WRITES = re.compile(r"(?:^|[ ,|])(?:[\w-]+: write|write-all|default)")
BUILDS = frozenset({Role.PUBLISHING.value, Role.PRODUCING.value})
COLUMNS = (
    "repository",
    "workflow",
    "job",
    "ref",
    "version",
    "publishes",
    "secrets",
    "permissions",
    "role",
    "starts on",
    "environment",
    "runner",
    "link",
)


class Concerned(Struct, frozen=True, kw_only=True):
    """What is concerned for sure, and what may be, as its version is not known."""

    sure: tuple[JobRow, ...] = ()
    perhaps: tuple[JobRow, ...] = ()

    @property
    def every(self) -> tuple[JobRow, ...]:
        """Both, the sure ones first."""
        return (*self.sure, *self.perhaps)


def concerned(rows: Iterable[JobRow], versions: str) -> Concerned:
    """The uses at these versions: a range such as ``>=4.1,<4.2.1``, a ref, or a commit; all where
    nothing is said.
    """
    sure: list[JobRow] = []
    perhaps: list[JobRow] = []
    for row in rows:
        found = True if not versions else _is_at(row, versions)
        if found is not False:
            (sure if found else perhaps).append(row)
    return Concerned(sure=tuple(sure), perhaps=tuple(perhaps))


def _is_at(row: JobRow, versions: str) -> bool | None:
    if not is_range(versions):
        wanted = versions.lower()
        known = {row.ref.lower(), row.commit.lower(), version_comment(row.comment).lower()}
        if wanted in known:
            return True
        return bool(_COMMIT.fullmatch(wanted)) and any(name.startswith(wanted) for name in known)
    version = version_of_ref(row.ref) or version_of_ref(version_comment(row.comment))
    return None if version is None else is_within(version, [versions])


def verdict(found: Concerned, what: str, scope: str, repositories: int) -> str:
    """What an incident reaches, in one sentence or two."""
    rows = found.every
    if not rows:
        return f"{what} is used by no job that was seen in the {repositories:,} repositories of {scope}."
    places = {(row.owner, row.repository) for row in rows}
    jobs = {(row.owner, row.repository, row.path, row.job) for row in rows}
    release = [row for row in rows if row.role in BUILDS]
    holding = sorted({_secret(name) for row in rows for name in row.secrets})
    # Of an upload without a name only the registry is known: those with names come first.
    published = {package for row in rows for package in row.publishes}
    packages = sorted(published, key=lambda package: (" " not in package, package))
    parts = [
        f"{what}: {count(len(jobs), 'job')} in {len(places):,} of {repositories:,} "
        f"repositories of {scope}."
    ]
    if found.perhaps:
        parts.append(f"Of {count(len(found.perhaps), 'use')} the version is not known for sure.")
    building = {(row.owner, row.repository) for row in release}
    build = "builds or publishes" if len(building) == 1 else "build or publish"
    parts.append(
        f"{count(len(building), 'repository', 'repositories')} {build} a release in such a job"
        + (f" ({_few(packages)})." if packages else ".")
        if release
        else "None of these jobs builds or publishes a release."
    )
    parts.append(
        f"Secrets in reach: {_few(holding)}."
        if holding
        else "No stored secret is in reach of these jobs."
    )
    if writing := sum(bool(_WRITES.search(row.permissions)) for row in rows):
        parts.append(f"{count(writing, 'use has', 'uses have')} a token that may write.")
    return " ".join(parts)


def _secret(name: str) -> str:
    """A secret as GitHub writes it; names compare without case."""
    return "all of the repository" if name == "*" else name.upper()


def _few(names: Sequence[str], most: int = 6) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def table(rows: Sequence[JobRow], most: int | None = None) -> pd.DataFrame:
    """One row per use or job, those of a release first: all, or the first so many."""
    order = sorted(rows, key=lambda row: (row.role not in BUILDS, not row.secrets))
    return frame_of(
        (
            {
                "owner": visible(row.owner),
                "repository": visible(row.repository),
                "workflow": visible(row.path.removeprefix(".github/workflows/")),
                "job": visible(row.job) or "(composite action)",
                "ref": visible(row.ref[:12] if row.pinned else row.ref),
                "version": visible(version_comment(row.comment)),
                "starts on": visible(", ".join(row.events)),
                "permissions": visible(row.permissions),
                "secrets": visible(", ".join(map(_secret, row.secrets))),
                "environment": visible(row.environment),
                "role": row.role,
                "publishes": visible(", ".join(row.publishes)),
                "runner": visible(", ".join(row.runners)),
                "link": line_url(
                    row.host, row.owner, row.repository, row.audited, row.path, row.line
                ),
            }
            for row in order[:most]
        ),
        ("owner", *COLUMNS),
    )


def by_repository(rows: Iterable[JobRow]) -> dict[tuple[str, str], list[JobRow]]:
    """The rows of each repository, by owner and name."""
    found: dict[tuple[str, str], list[JobRow]] = {}
    for row in rows:
        found.setdefault((row.owner, row.repository), []).append(row)
    return found


def issues_file(found: Mapping[tuple[str, str], Sequence[JobRow]], what: str) -> bytes:
    """The issues of all repositories as one file, each under its repository's name."""
    parts = (
        f"# {span(f'{owner}/{name}')}\n\n{issue(rows, what)}\n"
        for (owner, name), rows in found.items()
    )
    return "\n".join(parts).encode("utf-8")


def issue(rows: Iterable[JobRow], what: str) -> str:
    """The text of an issue for a repository with these rows; its words stand in code spans, so that
    pasting it calls nobody and links nowhere.
    """
    lines = [f"{span(what)} is used here by:", ""]
    for row in rows:
        at = f" at {span(row.ref)}" if row.ref else ""
        lines.append(f"- [ ] {span(row.path)}, job {span(row.job or 'composite action')}{at}")
        for title, words in (
            ("starts on", row.events),
            ("secrets in reach", tuple(map(_secret, row.secrets))),
            ("publishes", row.publishes),
        ):
            if words:
                lines.append(f"  - {title}: {', '.join(map(span, words))}")
        if row.permissions:
            lines.append(f"  - token: {span(row.permissions)}")
    steps = (
        "",
        "Please check the runs since the incident began, pin or remove the use, rotate the "
        "secrets above, and say here what was released meanwhile.",
    )
    return "\n".join((*lines, *steps))
