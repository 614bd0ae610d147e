"""The update bots of a repository's actions: Dependabot and Renovate."""

from __future__ import annotations

from enum import StrEnum
from fnmatch import fnmatchcase

from msgspec import Struct

from audits.model.location import Location
from audits.model.source import Gap


class UpdateBot(StrEnum):
    """The bots that open pull requests for new versions of actions."""

    DEPENDABOT = "Dependabot"
    RENOVATE = "Renovate"


class UpdateRule(Struct, frozen=True, kw_only=True):
    """One part of a bot's configuration, for one ecosystem.

    ``covers_actions`` where it updates the actions of ``.github/workflows``, and ``covers``
    covers any file: ``folders`` are those that Dependabot updates, as patterns without
    slashes at their ends, of which the root stands for ``.github/workflows`` too; None means
    all. ``cooldown_days``
    is how old a release must be before it is proposed: None where nothing is configured, and
    where the bot has no such setting for an ecosystem (``has_cooldown`` False). ``at`` is the
    place of the cooldown where there is one, of the rule otherwise.
    """

    bot: UpdateBot
    ecosystem: str
    at: Location
    covers_actions: bool = False
    folders: tuple[str, ...] | None = None
    cooldown_days: int | None = None
    has_cooldown: bool = True

    def covers(self, path: str) -> bool:
        """Whether it updates the actions of a file.

        Dependabot reads the workflows and a root ``action.yml`` for ``/``, and of another
        folder the files in it: https://docs.github.com/en/code-security/dependabot/working-with-dependabot/dependabot-options-reference#directories-or-directory--
        """
        folder = path.rpartition("/")[0]
        if folder == ".github/workflows" or self.folders is None:
            return self.covers_actions
        return any(fnmatchcase(folder, pattern) for pattern in self.folders)


class UpdateAutomation(Struct, frozen=True, kw_only=True):
    """What the files of a repository say about update bots.

    ``gaps`` are configuration files that could not be read: with one, nobody can say that
    actions are not covered. ``append_at`` is the offset in the text of a Dependabot file at
    which a further list item of ``updates:`` can be added with ``append_indent`` spaces in
    front; None where there is no file or its list is written in another way.
    """

    rules: tuple[UpdateRule, ...] = ()
    gaps: tuple[Gap, ...] = ()
    append_at: int | None = None
    append_indent: int = 2

    @property
    def covers_actions(self) -> bool:
        """Whether some bot keeps the actions of workflows up to date."""
        return any(rule.covers_actions for rule in self.rules)

    def covers(self, path: str) -> bool:
        """Whether some bot keeps the actions of a file up to date."""
        return any(rule.covers(path) for rule in self.rules)
