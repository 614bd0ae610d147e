"""Workflow files at the commits of releases: which blob each of them was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from audits.collect import github_queries as queries
from audits.collect.errors import BudgetSpentError
from audits.collect.github_batches import BatchSize, ask
from audits.collect.github_client import GitHubClient, GraphAnswer
from audits.collect.github_errors import GitHubError
from audits.model.evidence import ReleasedFile
from audits.model.source import Gap, GapReason

_MOST = 100


def read_released(
    client: GitHubClient, files: Sequence[ReleasedFile]
) -> dict[ReleasedFile, str | Gap]:
    """Each file's git blob id, or why GitHub did not say it.

    What is not there (a commit that was lost by a forced push, say) is left out.
    """
    found: dict[ReleasedFile, str | Gap] = {}
    try:
        for items, answer in ask(client, files, BatchSize(_MOST), _write):
            for index, item in enumerate(items):
                oid = _oid(item, answer, f"r{index}")
                if oid:
                    found[item] = oid
    except BudgetSpentError as error:
        for file in files:
            gap = Gap(subject=str(file), reason=GapReason.RATE_LIMITED, detail=str(error))
            found.setdefault(file, gap)
    return found


def _write(files: Sequence[ReleasedFile]) -> str:
    parts = []
    for index, file in enumerate(files):
        body = queries.expression("then", f"{file.commit}:{file.path}", "__typename oid")
        parts.append(queries.by_name(f"r{index}", file.slug, body))
    return queries.batch("released", parts)


def _oid(file: ReleasedFile, answer: GraphAnswer | GitHubError, alias: str) -> str | Gap:
    """The blob's id, "" where there is none, or why it was not seen."""
    if isinstance(answer, GitHubError):
        return answer.gap(str(file))
    if errors := answer.errors_at(alias):
        return errors[0].as_gap(str(file), "Contents: read")
    node = answer.data.get(alias)
    then = node.get("then") if isinstance(node, Mapping) else None
    if not isinstance(then, Mapping) or then.get("__typename") != "Blob":
        return ""
    return str(then.get("oid") or "")
