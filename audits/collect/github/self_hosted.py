"""Reads the self-hosted runners that a repository may use: its own, and those of its owner's groups."""

from __future__ import annotations

from collections.abc import Iterator

from audits.collect.github.responses import ListedGroup, ListedRunner
from audits.collect.github.rest import Answers, RestReader, path_of
from audits.model.settings import Runner

OWNER_RUNNERS = "Organization self hosted runners: read"


class RunnerReader:
    """Reads runners, those of a group of the owner once a scan."""

    def __init__(self, rest: RestReader) -> None:
        self._rest = rest
        self._of_groups: dict[int, list[ListedRunner]] = {}

    def own(self, answers: Answers, path: str, slug: str) -> tuple[Runner, ...]:
        """The runners of the repository at ``path``."""
        found = self._rest.listed(answers, f"{path}/actions/runners", "runners", ListedRunner)
        return tuple(_runner(each, source=slug) for each in found)

    def of_owner(
        self, answers: Answers, owner: str, name: str, *, public: bool
    ) -> tuple[Runner, ...]:
        """The runners of those of the owner's groups that let the repository use them."""
        groups = self._rest.listed(
            answers,
            path_of("orgs", owner, "actions", "runner-groups"),
            "runner_groups",
            ListedGroup,
            parameters={"visible_to_repository": name},
        )
        usable = (g for g in groups if g.allows_public_repositories or not public)
        return tuple(each for group in usable for each in self._group(answers, owner, group))

    def _group(self, answers: Answers, owner: str, group: ListedGroup) -> Iterator[Runner]:
        if group.id not in self._of_groups:
            place = path_of("orgs", owner, "actions", "runner-groups", str(group.id), "runners")
            self._of_groups[group.id] = self._rest.listed(answers, place, "runners", ListedRunner)
        files = tuple(group.selected_workflows or ()) if group.restricted_to_workflows else None
        for each in self._of_groups[group.id]:
            yield _runner(each, source=f"{owner}: {group.name}", workflows=files)


def _runner(
    listed: ListedRunner, *, source: str, workflows: tuple[str, ...] | None = None
) -> Runner:
    return Runner(
        name=listed.name,
        labels=tuple(label.name.lower() for label in listed.labels),
        is_ephemeral=listed.ephemeral,
        workflows=workflows,
        source=source,
    )
