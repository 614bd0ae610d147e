"""How a check is declared: its text, examples, needs and function."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping, Set
from datetime import date
from typing import Required, TypedDict, Unpack

from msgspec import Struct, field

from audits.model.evidence import AdvisoryList, ImageDigest, PackageEvidence, ResolvedRef
from audits.model.outcome import Area, Clean, FixKind, Outcome, Severity, Unknown, Verdict
from audits.model.repository import Repository
from audits.model.score import AuditedFinding
from audits.model.settings import Need, OwnerSettings, RepositorySettings

MARK = "# !"
"""A line of an example that ends so must be reported, and no other line may be."""


class Example(Struct, frozen=True, kw_only=True):
    """A repository that a check is tried on and explained by.

    ``workflow`` is the text of ``path``; ``files`` are further files by path, whose lines may
    be marked too. Lines that end in `MARK` must be reported. ``outcome`` is FAIL if a line is
    marked and PASS otherwise, unless given. ``fixed`` is ``workflow`` after the edits.
    ``severity`` is what the findings must have, where that is part of the example. ``as_of`` is
    the day whose facts of the platform count.
    """

    name: str
    workflow: str = ""
    path: str = ".github/workflows/release.yml"
    files: Mapping[str, str] = field(default_factory=dict)
    fixed: str | None = None
    outcome: Outcome | None = None
    severity: Severity | None = None
    settings: RepositorySettings | None = None
    owner_settings: OwnerSettings | None = None
    references: tuple[ResolvedRef, ...] | None = None
    images: tuple[ImageDigest, ...] | None = None
    evidence: tuple[PackageEvidence, ...] | None = None
    advisories: AdvisoryList | None = None
    host: str = "github.com"
    as_of: date = date(2026, 11, 29)

    @property
    def expected(self) -> Outcome:
        """The outcome that the check must have."""
        if self.outcome is not None:
            return self.outcome
        return Outcome.FAIL if self.marked_text else Outcome.PASS

    @property
    def marked_text(self) -> str:
        """The text of the first file with a marked line, "" where no line is marked."""
        texts = (self.workflow, *self.files.values())
        return next((t for t in texts if any(map(_is_marked, t.splitlines()))), "")


def _is_marked(line: str) -> bool:
    return line.rstrip().endswith(MARK)


CheckFunction = Callable[[Repository], Iterator[Verdict]]


class Check(Struct, frozen=True, kw_only=True):
    """One rule: its text, how bad it is, what it needs, and the function that judges.

    ``needs`` is the evidence without which the outcome is unknown, ``sharpened_by`` what changes
    it where it is seen. ``lesson`` is the anchor of the lesson's section; ``tip`` marks its
    advice. ``any_workflow``: for ``--all`` too. ``counts_places``: the deduction grows with the
    share of places at fault. ``milder_in_other_jobs``: low in a job that is no release job.
    ``scored`` False: shown only. ``on_owner``: a setting of the owner. ``caps_only``: holds the
    score down while it fails or is unknown, and takes no points.
    """

    id: str
    title: str
    text: str
    area: Area
    severity: Severity
    links: tuple[str, ...]
    examples: tuple[Example, ...]
    judge: CheckFunction
    needs: Set[Need] = frozenset({Need.WORKFLOW})
    sharpened_by: Set[Need] = frozenset()
    lesson: str = ""
    fix: FixKind | None = None
    zizmor: str = ""
    any_workflow: bool = False
    milder_in_other_jobs: bool = True
    counts_places: bool = False
    scored: bool = True
    on_owner: bool = False
    caps_only: bool = False
    tip: bool = False


class CheckError(Exception):
    """A check's file does not hold what it must; the message says which and why."""


class _Declared(TypedDict, total=False):
    """What a check's file declares; see `Check` for what each part means."""

    area: Required[Area]
    severity: Required[Severity]
    links: Required[tuple[str, ...]]
    examples: Required[tuple[Example, ...]]
    needs: Set[Need]
    sharpened_by: Set[Need]
    lesson: str
    fix: FixKind | None
    zizmor: str
    any_workflow: bool
    milder_in_other_jobs: bool
    counts_places: bool
    scored: bool
    on_owner: bool
    caps_only: bool
    tip: bool


def check(**declared: Unpack[_Declared]) -> Callable[[CheckFunction], CheckFunction]:
    """Declare the function below as the check of its module, whose docstring is its text."""

    def declare(function: CheckFunction) -> CheckFunction:
        text = (importlib.import_module(function.__module__).__doc__ or "").strip()
        function.__dict__["check"] = Check(
            id=function.__name__.replace("_", "-"),
            title=text.partition("\n")[0].rstrip("."),
            text=text,
            judge=function,
            **declared,
        )
        return function

    return declare


class CheckVerdicts(Struct, frozen=True, kw_only=True):
    """The verdicts of one check on a repository, its findings settled. A crash is no verdict."""

    check: Check
    findings: tuple[AuditedFinding, ...] = ()
    clean: tuple[Clean, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    crash: str = ""

    @property
    def outcome(self) -> Outcome:
        """The result for the whole repository."""
        if self.findings:
            return Outcome.FAIL
        if self.unknown or self.crash:
            return Outcome.UNKNOWN
        return Outcome.PASS if self.clean else Outcome.NOT_APPLICABLE
