"""The version of the scoring policy, and a digest of everything that scores depend on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from functools import cache
from hashlib import blake2b

import msgspec

from audits.check import Check
from audits.engines import zizmor
from audits.engines.zizmor_rules import KEPT_RULES
from audits.model import platform_facts
from audits.model.registry import DOCKER_HUB, Registry
from audits.scoring import score
from audits.scoring.version import POLICY

_DECLARED = (
    "id",
    "area",
    "severity",
    "needs",
    "sharpened_by",
    "fix",
    "lesson",
    "any_workflow",
    "milder_in_other_jobs",
    "counts_places",
    "scored",
    "on_owner",
    "caps_only",
    "tip",
)
"""What of a check's declaration decides on scores; its texts and examples do not."""


def constants() -> Mapping[str, object]:
    """The tables that scores are computed from, by name.

    A table on which scores depend belongs here, so that a change of it needs a new `POLICY`.
    """
    return {
        "weights": {severity.label: weight for severity, weight in score.WEIGHTS.items()},
        "areas": {area.value: weight for area, weight in score.AREA_WEIGHTS.items()},
        "grades": [[least, grade.value] for least, grade in score.GRADES],
        "caps": [
            sorted(score.HIGH_CAPS.items()),
            score.MANY_HIGHS_CAP,
            score.PUBLISHER_HIGH_CAP,
            score.CRITICAL_CAP,
            score.LESSON_CAP,
            score.LEAST_COVERAGE,
            score.UNSURE_CAP,
        ],
        "engine": [sorted(KEPT_RULES), sorted(zizmor.SEVERITIES.items())],
        "platform": [
            platform_facts.FACTS,
            platform_facts.RETIRED_IMAGES,
            platform_facts.CHECKOUT_REFUSES,
            [registry.info for registry in Registry],
            DOCKER_HUB,
        ],
    }


def policy_digest(
    checks: Iterable[Check],
    *,
    engine: str = "",
    index: str = "",
    begun: Iterable[str] = (),
    uploaders: Iterable[object] = (),
) -> str:
    """Hexadecimal digits that change with any rule that scores follow: 16 for the rules, and
    behind a hyphen 8 for the platform, which change with the day (see `audits.model.causes.rules_cause`).

    ``engine`` is the version of the other analyser, "" where none is run; ``index`` names the
    package index whose uploads count as production; ``begun`` the dated facts of the platform
    that have begun by the day that counts; ``uploaders`` those that a configuration adds.
    """
    declared = sorted(
        [[_plain(getattr(check, name)) for name in _DECLARED] for check in checks], key=repr
    )
    added = list(uploaders)
    rules = [POLICY, constants(), declared, engine, index, *([added] if added else [])]
    return f"{_digest(rules, 8)}-{_digest(list(begun), 4)}"


def _digest(facts: Sequence[object], size: int) -> str:
    return blake2b(msgspec.json.encode(facts, order="sorted"), digest_size=size).hexdigest()


@cache
def engine_version() -> str:
    """The version of zizmor that is installed with this program, "" where none is."""
    # Takes 0.01 s to import, which a scan without it need not spend.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("zizmor")
    except PackageNotFoundError:
        return ""


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, Set) else value
