"""What GitHub and the package registries do, since when and where: one dated table.

A verdict that depends on how GitHub or a registry behaves asks `holds` about a row of this
table for the day that the audit stands for, so that a rebuilt scan of the past is judged by the
rules of its day. What is a registry's own (events that it refuses, days on which tokens end)
is in its row of `audits.model.registry`. Every row has the address of the page that says so. A row that is added, or a
date that changes, changes the digest of the rules (see `audits.scoring.policy`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from enum import StrEnum

from msgspec import Struct

from audits.model.registry import DOCKER_HUB, Registry

_CHANGELOG = "https://github.blog/changelog"
_CHECKOUT = "https://github.com/actions/checkout/releases/tag"
_IMAGES = "https://github.com/actions/runner-images/issues"


class Where(StrEnum):
    """Where a fact holds. An action or a client behaves the same on every host."""

    EVERYWHERE = "everywhere"
    GITHUB_COM = "github.com"


class Force(StrEnum):
    """How firmly a fact holds: nobody can change it, or a setting of the owner can."""

    ALWAYS = "always"
    UNLESS_POLICY = "unless a policy says otherwise"


class Fact(Struct, frozen=True, kw_only=True):
    """One thing that GitHub or a registry does.

    ``text`` completes a sentence that begins with the date. ``since`` is the first day; one that
    was announced as a month bears the month's first day and ``about``. ``until`` is the first day
    on which it no longer holds. ``public_only`` marks what concerns public repositories alone.
    """

    id: str
    since: date
    text: str
    source: str
    where: Where = Where.EVERYWHERE
    force: Force = Force.ALWAYS
    public_only: bool = False
    about: bool = False
    until: date | None = None

    @property
    def day(self) -> str:
        """The first day as it is written in messages, such as ``about 2027-01``."""
        return f"about {self.since:%Y-%m}" if self.about else self.since.isoformat()


class RetiredImage(Struct, frozen=True, kw_only=True):
    """A runner image that GitHub removes on ``since``, and the nearest image to take instead."""

    label: str
    since: date
    newer: str
    source: str


class FirstVersions(Struct, frozen=True, kw_only=True):
    """The releases of an action from which on it behaves so, one for each major version that
    was changed; later major versions have it too. ``moved`` is the day by which the major
    version's tag (``v4``) names such a release.
    """

    action: str
    versions: tuple[tuple[int, int, int], ...]
    moved: date

    def covers(self, version: tuple[int, int, int]) -> bool:
        """Whether a release, as major, minor and patch, has the behaviour."""
        of_major = [first for first in self.versions if first[0] == version[0]]
        newest = max(first[0] for first in self.versions)
        return version[0] > newest or any(version >= first for first in of_major)

    def covers_major(self, major: int, day: date) -> bool:
        """Whether the tag of a major version names such a release on a day."""
        known = {first[0] for first in self.versions}
        return major > max(known) or (major in known and day >= self.moved)


# --- GitHub -------------------------------------------------------------------------------------

BLOCKED_PULL_REQUEST_TARGET = Fact(
    id="pull-request-target-blocked",
    since=date(2026, 12, 2),
    text="GitHub blocks `pull_request_target` in public repositories, unless a policy allows it",
    source=f"{_CHANGELOG}/2026-09-17-workflow-execution-protections-in-github-actions-generally-available",
    where=Where.GITHUB_COM,
    force=Force.UNLESS_POLICY,
    public_only=True,
)
EXECUTION_PROTECTIONS = Fact(
    id="workflow-execution-protections",
    since=date(2026, 9, 17),
    text="policies of a repository, organization or enterprise say which events and actors may start a workflow",
    source=f"{_CHANGELOG}/2026-09-17-workflow-execution-protections-in-github-actions-generally-available",
    where=Where.GITHUB_COM,
)
READ_ONLY_CACHES = Fact(
    id="read-only-caches",
    since=date(2026, 6, 26),
    text="a run that an outsider sets off can read the default branch's caches and not write them",
    source=f"{_CHANGELOG}/2026-06-26-read-only-actions-cache-for-untrusted-triggers",
    where=Where.GITHUB_COM,
)
CACHE_MODE = Fact(
    id="cache-mode",
    since=date(2026, 9, 10),
    text="`cache-mode` of a workflow or job limits what its runs may do with caches",
    source=f"{_CHANGELOG}/2026-09-10-control-github-actions-cache-access-with-cache-mode",
    where=Where.GITHUB_COM,
)
MERGE_REFS_AND_ENVIRONMENTS = Fact(
    id="environments-see-the-executing-ref",
    since=date(2025, 12, 8),
    text="an environment's branch policy is held against the ref that runs: the default branch for `pull_request_target`, `refs/pull/1/merge` for `pull_request`",
    source=f"{_CHANGELOG}/2025-11-07-actions-pull_request_target-and-environment-branch-protections-changes",
    where=Where.GITHUB_COM,
)
LOCK_FILE = Fact(
    id="actions-lock",
    since=date(2026, 10, 28),
    text="`.github/workflows/actions.lock` binds the actions of the workflows that it lists, and those they use, to commits",
    source=f"{_CHANGELOG}/2026-10-14-github-actions-workflow-lockfiles-in-public-preview",
    where=Where.GITHUB_COM,
)
SELF_REPOSITORY = Fact(
    id="self-repository",
    since=date(2026, 7, 30),
    text="`uses: $/path` names an action of the same repository at the running commit",
    source=f"{_CHANGELOG}/2026-07-30-reference-same-repository-actions-with-self-repository-syntax",
    where=Where.GITHUB_COM,
)
IMMUTABLE_SUBJECT = Fact(
    id="immutable-subject",
    since=date(2026, 7, 15),
    text="the subject of an identity token holds the ids of owner and repository in repositories that are new or renamed",
    source=f"{_CHANGELOG}/2026-04-23-immutable-subject-claims-for-github-actions-oidc-tokens",
    where=Where.GITHUB_COM,
)
DEPENDABOT_COOLDOWN = Fact(
    id="dependabot-cooldown",
    since=date(2026, 7, 14),
    text="Dependabot waits three days before it proposes a new version, unless configured otherwise",
    source=f"{_CHANGELOG}/2026-07-14-dependabot-version-updates-introduce-default-package-cooldown",
    where=Where.GITHUB_COM,
    force=Force.UNLESS_POLICY,
)
IMMUTABLE_RELEASES = Fact(
    id="immutable-releases",
    since=date(2025, 10, 28),
    text="releases can be made immutable, with their tag and files",
    source=f"{_CHANGELOG}/2025-10-28-immutable-releases-are-now-generally-available",
    where=Where.GITHUB_COM,
)
REQUIRED_PINS = Fact(
    id="required-pins",
    since=date(2025, 8, 15),
    text="a policy can require that actions are pinned to full commit ids, and can block actions",
    source=f"{_CHANGELOG}/2025-08-15-github-actions-policy-now-supports-blocking-and-sha-pinning-actions",
    where=Where.GITHUB_COM,
)

# --- registries ---------------------------------------------------------------------------------

PYPI_OLD_RELEASES = Fact(
    id="pypi-old-releases-closed",
    since=date(2026, 7, 8),
    text="PyPI takes no new files for a release that is older than 14 days",
    source="https://github.com/pypi/warehouse/tree/main/docs/blog",
)
PYPI_ACTION_NOT_NESTED = Fact(
    id="pypi-action-not-nested",
    since=date(2024, 11, 12),
    text="`pypa/gh-action-pypi-publish` since v1.12.0 fails inside a composite action",
    source="https://github.com/pypa/gh-action-pypi-publish",
)
NPM_CLASSIC_TOKENS_END = Fact(
    id="npm-classic-tokens-end",
    since=date(2025, 12, 9),
    text="npm's classic tokens are revoked",
    source=f"{_CHANGELOG}/2025-12-09-npm-classic-tokens-revoked-session-based-auth-and-cli-token-management-now-available",
)
NPM_STAGED_PUBLISHING = Fact(
    id="npm-staged-publishing",
    since=date(2026, 5, 22),
    text="npm has staged publishing: a maintainer approves each release with a second factor",
    source=f"{_CHANGELOG}/2025-05-22-staged-publishing-and-new-install-time-controls-for-npm",
)
NPM_ALLOWED_ACTIONS = Fact(
    id="npm-allowed-actions",
    since=date(2026, 5, 20),
    text="npm's trusted publishers say whether they may publish, stage or both",
    source="https://github.com/npm/documentation/blob/main/content/packages-and-modules/securing-your-code/trusted-publishers.mdx",
)
NPM_STAGES_NEW_PACKAGES = Fact(
    id="npm-stages-new-packages",
    since=date(2026, 10, 2),
    text="npm's staged publishing can create packages",
    source=f"{_CHANGELOG}/2026-10-02-npm-staged-publishing-now-supports-creating-new-packages",
)
NPM_STAGE_ONLY_TOKENS = Fact(
    id="npm-stage-only-tokens",
    since=date(2026, 9, 18),
    text="npm has tokens that may stage a release and not publish it",
    source=f"{_CHANGELOG}/2026-09-18-stage-only-npm-tokens-for-safer-automation",
)
NPM_SCRIPTS_OFF = Fact(
    id="npm-install-scripts-off",
    since=date(2026, 7, 7),
    text="npm 12 runs no install scripts of dependencies unless they are allowed",
    source=f"{_CHANGELOG}/2026-07-07-npm-install-time-security-and-gat-bypass2fa-deprecation",
)
FACTS: tuple[Fact, ...] = (
    BLOCKED_PULL_REQUEST_TARGET,
    EXECUTION_PROTECTIONS,
    READ_ONLY_CACHES,
    CACHE_MODE,
    MERGE_REFS_AND_ENVIRONMENTS,
    LOCK_FILE,
    SELF_REPOSITORY,
    IMMUTABLE_SUBJECT,
    DEPENDABOT_COOLDOWN,
    IMMUTABLE_RELEASES,
    REQUIRED_PINS,
    PYPI_OLD_RELEASES,
    PYPI_ACTION_NOT_NESTED,
    NPM_CLASSIC_TOKENS_END,
    NPM_STAGED_PUBLISHING,
    NPM_ALLOWED_ACTIONS,
    NPM_STAGES_NEW_PACKAGES,
    NPM_STAGE_ONLY_TOKENS,
    NPM_SCRIPTS_OFF,
)
"""Every fact, GitHub's first."""

CHECKOUT_REFUSES = FirstVersions(
    action="actions/checkout",
    versions=((2, 8, 0), (3, 7, 0), (4, 4, 0), (5, 1, 0), (6, 1, 0), (7, 0, 0)),
    moved=date(2026, 7, 16),
)
"""actions/checkout ends a job of ``pull_request_target``, or of a ``workflow_run`` that a pull
request set off, that wants a fork's code, unless ``allow-unsafe-pr-checkout`` is true. It is the
action that refuses, so this holds on every host. The tags ``v2`` to ``v6`` were moved from
2026-07-16 on. https://github.com/actions/checkout/releases/tag/v7.0.0
"""
CHECKOUT_SOURCE = f"{_CHECKOUT}/v7.0.0"
UNSAFE_CHECKOUT = "allow-unsafe-pr-checkout"
"""The input of actions/checkout that takes the refusal away."""


def _image(labels: str, since: date, newer: str, source: str) -> Iterator[RetiredImage]:
    for label in labels.split():
        kind = label.rpartition("-")[2]
        same = kind in {"large", "xlarge"}
        wanted = f"{newer.removesuffix('-intel')}-{kind}" if same else newer
        yield RetiredImage(label=label, since=since, newer=wanted, source=source)


RETIRED_IMAGES: tuple[RetiredImage, ...] = (
    *_image("ubuntu-16.04", date(2021, 9, 20), "ubuntu-24.04", f"{_IMAGES}/3287"),
    *_image("ubuntu-18.04", date(2023, 4, 3), "ubuntu-24.04", f"{_IMAGES}/6002"),
    *_image("ubuntu-20.04", date(2025, 4, 15), "ubuntu-24.04", f"{_IMAGES}/11101"),
    *_image("ubuntu-22.04", date(2027, 4, 17), "ubuntu-24.04", f"{_IMAGES}/14254"),
    *_image("ubuntu-22.04-arm", date(2027, 4, 17), "ubuntu-24.04-arm", f"{_IMAGES}/14254"),
    *_image(
        "windows-2016",
        date(2022, 3, 15),
        "windows-2025",
        f"{_CHANGELOG}/2021-10-19-github-actions-the-windows-2016-runner-image-will-be-removed-from-github-hosted-runners-on-march-15-2022",
    ),
    *_image("windows-2019", date(2025, 6, 30), "windows-2025", f"{_IMAGES}/12045"),
    *_image("macos-10.15", date(2023, 3, 31), "macos-15-intel", f"{_IMAGES}/5583"),
    *_image(
        "macos-11 macos-11.0",
        date(2024, 6, 28),
        "macos-15-intel",
        f"{_CHANGELOG}/2024-05-20-actions-upcoming-changes-to-github-hosted-macos-runners",
    ),
    *_image("macos-12 macos-12-large", date(2024, 12, 3), "macos-15-intel", f"{_IMAGES}/10721"),
    *_image("macos-12-xl", date(2024, 12, 3), "macos-15-large", f"{_IMAGES}/10721"),
    *_image(
        "macos-13 macos-13-large macos-13-xlarge",
        date(2025, 12, 8),
        "macos-15-intel",
        f"{_IMAGES}/13046",
    ),
    *_image(
        "macos-14 macos-14-large macos-14-xlarge", date(2026, 11, 2), "macos-15", f"{_IMAGES}/13518"
    ),
)
"""GitHub's runner images that are gone or announced to go, oldest first for each system."""


def is_enterprise_server(host: str) -> bool:
    """Whether a web host is a GitHub Enterprise Server; "" (not known whose) is taken for
    github.com.
    """
    return bool(host) and host != "github.com" and not host.endswith(".ghe.com")


def holds(
    fact: Fact, day: date, *, host: str = "github.com", public: bool | None = None
) -> bool | None:
    """Whether a fact holds on a day at a host; None where only the unseen visibility of the
    repository could tell. A fact of `Force.UNLESS_POLICY` may still be changed by a policy.
    """
    if day < fact.since or (fact.until is not None and day >= fact.until):
        return False
    if fact.where is Where.GITHUB_COM and is_enterprise_server(host):
        return False
    return public if fact.public_only else True


def retired_image(label: str, day: date) -> RetiredImage | None:
    """The image of a runner's label, compared without case, if GitHub has removed it by a day."""
    wanted = label.lower()
    found = (image for image in RETIRED_IMAGES if image.label == wanted)
    return next((image for image in found if day >= image.since), None)


def begun(day: date) -> tuple[str, ...]:
    """The names of all rows that have begun by a day: audits of days with the same names are
    judged alike.
    """
    facts = [fact.id for fact in FACTS if day >= fact.since]
    facts += [f"{fact.id} ended" for fact in FACTS if fact.until and day >= fact.until]
    facts += [image.label for image in RETIRED_IMAGES if day >= image.since]
    facts += [CHECKOUT_REFUSES.action] if day >= CHECKOUT_REFUSES.moved else []
    for info in (*(registry.info for registry in Registry), DOCKER_HUB):
        trusted, end = info.trusted, info.token_end
        facts += [f"{info.label} trusts"] if trusted and trusted.was_there(day) else []
        refuses = trusted.events.refuses if trusted else ()
        facts += [f"{info.label} refuses {each.event}" for each in refuses if day >= each.since]
        facts += [f"tokens of {info.label} ended"] if end and day >= end.on else []
    return tuple(facts)
