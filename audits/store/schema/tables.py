"""Tables of the store: scans, intervals of validity, texts, and caches.

A row of an interval table holds from scan `opened` up to, not including, scan `closed`, which
is `OPEN` while it still holds. So "as of scan S" is ``opened <= S AND closed > S``.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
)
from sqlalchemy import text as sql

from audits.model.timeline import Timeline
from audits.store.schema.codes import AREAS, SEVERITIES
from audits.store.schema.types import Moment

OPEN = 2**31 - 1
"""``closed`` of what still holds: a number, so that one comparison serves for every scan."""


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[int]:
    return Column("id", Integer, Identity(), primary_key=True)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, default="")


def _whole(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, default=0)


def _small(name: str) -> Column[int]:
    return Column(name, SmallInteger, nullable=False, default=0)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, default=False)


def _to(name: str, target: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, Integer, ForeignKey(f"{target}.id"), nullable=nullable)


owner = Table(
    "owner",
    metadata,
    _id(),
    _text("login"),
    Column("key", Text, nullable=False),
    Column("timeline", Text, nullable=False, default=Timeline.SCAN),
    UniqueConstraint("key", "timeline"),
)
"""An owner has a row for each timeline, with repositories and intervals of its own, so that
rebuilt or rescored results never mix with those of scans."""

scan = Table(
    "scan",
    metadata,
    _id(),
    _to("owner_id", "owner"),
    _text("source"),
    Column("started", Moment, nullable=False),
    Column("finished", Moment),
    _text("tool_version"),
    _text("policy"),
    _text("rules"),
    Column("as_of", Date),
    _small("tier"),
    _whole("repositories"),
    _whole("not_reached"),
    _text("changed"),
    Column("totals", LargeBinary),
    _flag("pruned"),
    Index(None, "owner_id", "finished"),
)
"""A ``pruned`` scan is not listed, and nothing can be read as of it. Its row stays, as it dates
the first sight, the changes and the fixes of findings."""

repository = Table(
    "repository",
    metadata,
    _id(),
    _to("owner_id", "owner"),
    _text("name"),
    Column("key", Text, nullable=False),
    Column("digest", LargeBinary(16)),
    UniqueConstraint("owner_id", "key"),
)
"""``digest`` covers the last recorded audit: nothing is written for one with an equal digest. The
repository without a name stands for the owner as a whole."""

rule = Table(
    "rule",
    metadata,
    _id(),
    Column("name", Text, nullable=False, unique=True),
    _text("title"),
    _text("area"),
    _small("severity"),
    _whole("since"),
)

scan_lock = Table(
    "scan_lock",
    metadata,
    Column("owner_id", Integer, ForeignKey("owner.id"), primary_key=True, autoincrement=False),
    _to("scan_id", "scan"),
    _text("machine"),
    _whole("process"),
    _text("process_start"),
    Column("beat", Moment, nullable=False),
)

progress = Table(
    "progress",
    metadata,
    Column("scan_id", Integer, ForeignKey("scan.id"), primary_key=True, autoincrement=False),
    Column(
        "repository_id",
        Integer,
        ForeignKey("repository.id"),
        primary_key=True,
        autoincrement=False,
    ),
    _flag("reached"),
)
"""What an unfinished scan has recorded; emptied when it finishes. ``reached`` is False for
repositories of which nothing could be read."""

text = Table(
    "text",
    metadata,
    Column("oid", String(64), primary_key=True),
    _whole("size"),
    Column("data", LargeBinary, nullable=False),
)

content = Table(
    "content",
    metadata,
    _id(),
    Column("hash", LargeBinary(16), nullable=False, unique=True),
    Column("data", LargeBinary, nullable=False),
)
"""Packed facts (zlib over JSON), once each: lists of files, settings, evidence, details."""

unseen = Table(
    "unseen",
    metadata,
    _id(),
    _text("need"),
    _text("reason"),
    _text("permission"),
    UniqueConstraint("need", "reason", "permission"),
)

action = Table("action", metadata, _id(), Column("name", Text, nullable=False, unique=True))


def interval(name: str, *columns: Column[Any] | Index) -> Table:
    """A table whose rows hold for one repository over an interval of scans."""
    return Table(
        name,
        metadata,
        _id(),
        _to("owner_id", "owner"),
        _to("repository_id", "repository"),
        Column("opened", Integer, nullable=False),
        Column("closed", Integer, nullable=False, default=OPEN),
        Index(None, "repository_id", "closed"),
        *columns,
    )


state = interval(
    "state",
    _text("host"),
    _text("head"),
    Column("committed_at", Moment),
    _text("branch"),
    _flag("archived"),
    _text("topics"),
    _text("code_owners"),
    _text("ask"),
    Column("database_id", BigInteger),
    Index(None, "owner_id", "closed"),
)

score = interval(
    "score",
    _text("grade"),
    Column("points", Float),
    Column("strict_points", Float),
    Column("coverage", Float),
    _small("tier"),
    _text("policy"),
    _text("rules"),
    _text("cap"),
    _text("steps"),
    _text("not_counted"),
    *(Column(f"{area}_points", Float) for area in AREAS),
    *(Column(f"{area}_coverage", Float) for area in AREAS),
    *(_whole(f"open_{severity}") for severity in SEVERITIES),
    _whole("accepted"),
    _whole("publications"),
    _text("registries"),
    _text("ladders"),
    _whole("gaps"),
    _whole("unrecognized"),
    _text("level"),
    _text("may_be"),
    Index(None, "owner_id", "closed", "opened", "grade"),
)
"""``rules`` is the digest of the rules, see `audits.scoring.policy`. ``steps`` and ``not_counted``
are JSON. ``registries`` and ``ladders`` are words between bars (``|npm|pypi|``), to be searched."""

facts = interval(
    "facts",
    _to("source_id", "content"),
    _to("settings_id", "content"),
    _to("index_id", "content"),
    _to("detail_id", "content"),
)

owner_facts = interval(
    "owner_facts",
    _to("settings_id", "content"),
    _to("advisories_id", "content"),
    _to("detail_id", "content"),
    Index(None, "owner_id", "closed"),
)

finding = interval(
    "finding",
    _to("rule_id", "rule"),
    _text("fingerprint"),
    _small("ordinal"),
    _small("severity"),
    _small("state"),
    _small("acceptance"),
    _flag("accepted"),
    _flag("in_release"),
    _flag("on_owner"),
    _text("path"),
    _whole("first"),
    _small("ended"),
    Index(None, "owner_id", "closed", "opened", "severity", "rule_id"),
    Index(None, "owner_id", "rule_id", "closed"),
    Index(None, "owner_id", "opened"),
    Index(None, "repository_id", "fingerprint"),
)
"""``first`` is the scan that saw the fault first; ``ended`` why the row was closed."""

_results_on_owners = Index("ix_result_on_owner", "owner_id", "closed")

_results_for_sums = Index(
    "ix_result_for_sums",
    "owner_id",
    "closed",
    "opened",
    "rule_id",
    "outcome",
    "failing",
    "unseen_id",
    "repository_id",
)

result = interval(
    "result",
    _to("rule_id", "rule"),
    _small("outcome"),
    _small("severity"),
    Column("weight", Float, nullable=False),
    _whole("places"),
    _whole("failing"),
    _to("unseen_id", "unseen", nullable=True),
    _flag("on_owner"),
    _text("crash"),
    _results_for_sums,
    _results_on_owners,
)
"""Outcomes of checks. A check without a row is not applicable. The first index holds all columns
that a scan's sums need: they are most of the work at the end of a scan of many repositories."""


@event.listens_for(result, "before_create")
def _of_owners_alone(_: Table, connection: Connection, **__: object) -> None:
    """Leave rows that do not concern an owner as a whole out of the index.

    An option of the index itself would import both dialects.
    """
    dialect = connection.dialect.name
    holds = sql("on_owner = 1" if dialect == "sqlite" else "on_owner")
    _results_on_owners.dialect_options[dialect]["where"] = holds


deduction = interval(
    "deduction",
    _to("rule_id", "rule"),
    _text("area"),
    _small("severity"),
    Column("points", Float, nullable=False),
    _text("publication"),
    Index(None, "owner_id", "closed", "opened", "rule_id", "points"),
)

publication = interval(
    "publication",
    _text("workflow"),
    _text("job"),
    _small("step"),
    _whole("line"),
    _text("registry"),
    _text("channel"),
    _text("package"),
    _text("mechanism"),
    _text("auth"),
    _text("credential"),
    _text("environment"),
    _text("environment_form"),
    _flag("id_token"),
    _flag("indirect"),
    _text("attests"),
    _text("triggers"),
    _text("called"),
    _text("publisher_workflow"),
    Index(None, "owner_id", "closed"),
)

package = interval(
    "package",
    _text("registry"),
    _text("package"),
    _text("state"),
    _text("why"),
    _text("workflow"),
    _text("job"),
    _text("environment"),
    _text("auth"),
    _text("last_release"),
    Column("last_release_at", Moment),
    _text("attested"),
    _text("publisher_repository"),
    _text("publisher_workflow"),
    _text("publisher_environment"),
    _text("release_ref"),
    _text("release_event"),
    _text("release_runner"),
    _text("release_run"),
    _flag("has_evidence"),
    _text("publisher_form"),
    _text("level"),
    _text("may_be"),
    _flag("level_accepted"),
    _text("holds"),
    _text("until"),
    _whole("paths_anyone"),
    _whole("paths_third_party"),
    _whole("paths_one_writer"),
    _text("cut"),
    _text("cut_path"),
    Column("cut_line", Integer),
    _whole("cut_edits"),
    _text("cut_leaves"),
    _text("needs"),
    Column("writers", Integer),
    _text("writers_unseen"),
    Index(None, "owner_id", "closed"),
)

path = interval(
    "path",
    _text("publication"),
    _text("registry"),
    _text("package"),
    _text("path_id"),
    _text("actor"),
    _text("state"),
    _text("holds"),
    _text("until"),
    _text("way_in"),
    _text("sink"),
    _text("starts"),
    _flag("sets_level"),
    _text("way_in_path"),
    _whole("way_in_line"),
    _text("way_in_job"),
    _text("sink_path"),
    _whole("sink_line"),
    _text("steps"),
    _text("cuts"),
    _text("needs"),
    _text("finding"),
    _flag("accepted"),
    Index(None, "owner_id", "closed"),
    Index(None, "repository_id", "path_id"),
)
"""The paths of each package of each publication, as they are exported; ``steps``, ``cuts`` and
``needs`` are JSON."""

gap = interval(
    "gap",
    _text("subject"),
    _text("reason"),
    _text("detail"),
    Column("line", Integer),
    _text("permission"),
    _flag("optional"),
    _text("job"),
    Index(None, "owner_id", "closed"),
)

action_use = interval(
    "action_use",
    _to("action_id", "action"),
    _text("ref"),
    _text("comment"),
    _flag("pinned"),
    _text("kind"),
    _text("slug"),
    _text("path"),
    _text("job"),
    _text("role"),
    _small("ordinal"),
    _flag("in_release"),
    _text("permissions"),
    _text("advisories"),
    Index(None, "owner_id", "action_id", "closed"),
)

job = interval(
    "job",
    _text("path"),
    _text("job"),
    _whole("line"),
    _text("role"),
    _flag("in_release"),
    _text("events"),
    _text("runners"),
    _text("environment"),
    _text("permissions"),
    _text("secrets"),
    _text("publishes"),
    Index(None, "owner_id", "closed"),
)
"""The jobs that can run, of all workflows, with what they hold; ``events``, ``runners``,
``secrets`` and ``publishes`` are words between bars, ``*`` among the secrets where all are read."""

unreached = interval("unreached", Index(None, "owner_id", "closed"))
"""Repositories known to an owner that its scans did not reach."""

reference = Table(
    "reference",
    metadata,
    _id(),
    _to("owner_id", "owner"),
    _text("slug"),
    _text("ref"),
    Column("opened", Integer, nullable=False),
    Column("closed", Integer, nullable=False, default=OPEN),
    _text("value"),
    _text("newest_release"),
    _flag("archived"),
    Index(None, "owner_id", "slug", "ref", "closed"),
)

score_change = Table(
    "score_change",
    metadata,
    _id(),
    _to("owner_id", "owner"),
    _to("repository_id", "repository"),
    _to("scan_id", "scan"),
    Column("before", Float),
    Column("after", Float),
    _text("grade_before"),
    _text("grade_after"),
    _text("cause"),
    _text("checks"),
    Index(None, "owner_id", "scan_id"),
    Index(None, "repository_id", "scan_id"),
)

answer = Table(
    "answer",
    metadata,
    Column("key", Text, primary_key=True),
    _text("etag"),
    Column("body", LargeBinary, nullable=False),
    Column("at", Moment, nullable=False),
)

version = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""Alembic's own table, as it makes it: a new database is marked without importing Alembic."""

FAMILIES = (
    state,
    score,
    facts,
    owner_facts,
    finding,
    result,
    deduction,
    publication,
    package,
    path,
    gap,
    action_use,
    job,
    unreached,
)
"""The interval tables of repositories."""
