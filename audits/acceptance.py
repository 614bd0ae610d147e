"""Which findings are accepted: by the reviewed file, by a comment, or in zizmor's own ways."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from audits.model.outcome import Acceptance, AcceptanceKind, Finding
from audits.model.repository import Repository
from audits.model.source import SourceFile
from audits.waivers import Waivers
from audits.workflow.zizmor_config import ZizmorIgnore, read_ignores

# zizmor's own form, which must be followed to the space:
# https://docs.zizmor.sh/usage/#with-comments
_ZIZMOR = re.compile(r"#.*\bzizmor: ignore\[([^\]]+)\](?:\s+(.*))?$")
_OURS = re.compile(r"#.*\brelease-audit:\s*ignore\[([^\]]*)\]\s*(.*)$")


class Acceptances:
    """Says of each finding whether it is accepted.

    ``rules`` names zizmor's rule of each check that has one.
    """

    def __init__(self, waivers: Waivers, rules: Mapping[str, str]) -> None:
        self.waivers = waivers
        self.rules = rules

    def __call__(self, check: str, finding: Finding, repository: Repository) -> Acceptance | None:
        """The acceptance of a finding; a waiver goes before a local one."""
        waiver = self.waivers.match(str(repository.ref), check)
        if waiver is not None:
            return Acceptance(
                kind=AcceptanceKind.WAIVER, reason=waiver.reason, ticket=waiver.ticket,
                responsible=waiver.responsible, expires=waiver.expires,
            )  # fmt: skip
        reason = self._local_reason(check, finding, repository)
        if reason is None:
            return None
        counts = check in self.waivers.local
        return Acceptance(kind=AcceptanceKind.LOCAL, reason=reason, counts=counts)

    def _local_reason(self, check: str, finding: Finding, repository: Repository) -> str | None:
        rule = self.rules.get(check, "")
        for comment in _comments(repository, finding):
            ours = _OURS.search(comment)
            if ours and check in _names(ours[1]) and ours[2].strip():
                return ours[2].strip()[:300]
            theirs = _ZIZMOR.search(comment)
            if theirs and rule and rule in _names(theirs[1]):
                return (theirs[2] or "").strip()[:300] or f"a comment ignores zizmor's {rule}"
        config = repository.file(
            "zizmor.yml", ".github/zizmor.yml", "zizmor.yaml", ".github/zizmor.yaml"
        )
        if rule and config is not None and _ignored(config, rule, finding):
            return f"{config.path} ignores zizmor's {rule} here"
        return None


def _names(text: str) -> set[str]:
    return {name.strip() for name in text.split(",")}


def _comments(repository: Repository, finding: Finding) -> Iterator[str]:
    """The lines at fault, and the one above them if it is a comment alone."""
    file = repository.file(finding.at.path)
    if file is None or "ignore[" not in file.text:
        return
    lines = file.text.split("\n")
    first = finding.at.line
    above = lines[first - 2].strip() if 2 <= first <= len(lines) + 1 else ""
    if above.startswith("#"):
        yield above
    last = min(finding.at.end_line or first, first + 200)
    for line in lines[first - 1 : last]:
        if "ignore[" in line:
            yield line.rstrip()


@lru_cache(maxsize=64)
def _ignores(config: SourceFile) -> tuple[ZizmorIgnore, ...]:
    return read_ignores(config)


def _ignored(config: SourceFile, rule: str, finding: Finding) -> bool:
    name = finding.at.path.rpartition("/")[2]
    return any(
        ignore.rule == rule
        and (ignore.whole_rule or (ignore.file == name and ignore.line in {None, finding.at.line}))
        for ignore in _ignores(config)
    )
