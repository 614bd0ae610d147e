"""Results of another analyzer for one repository."""

from __future__ import annotations

from msgspec import Struct

from audits.model.outcome import EngineFinding
from audits.model.source import Gap


class EngineRun(Struct, frozen=True, kw_only=True):
    """Which analyser looked at a repository, in which version, and for which rules.

    ``ran`` is False where it could not run.
    """

    engine: str
    version: str = ""
    rules: tuple[str, ...] = ()
    ran: bool = True


class EngineReport(Struct, frozen=True, kw_only=True):
    """Findings of an analyser, the files that it could not read, its name and version.

    ``rules`` are those that it was asked for; ``ran`` is False where it could not run.
    """

    engine: str
    version: str = ""
    rules: tuple[str, ...] = ()
    findings: tuple[EngineFinding, ...] = ()
    gaps: tuple[Gap, ...] = ()
    ran: bool = True

    @property
    def summary(self) -> EngineRun:
        """The report without what was found."""
        return EngineRun(engine=self.engine, version=self.version, rules=self.rules, ran=self.ran)
