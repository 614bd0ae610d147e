"""The options of a scan, as sent to worker processes, which make the plan from them."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from audits.cli.registry_options import read_hosts, read_registries

if TYPE_CHECKING:
    from audits.collect.folder.collector import FolderCollector
    from audits.pipeline.run import Plan
    from audits.suppressions.waivers import Waivers
    from audits.workflow.uploaders.uploader import Uploader


class Planner(Struct, frozen=True, kw_only=True, dict=True):
    """Makes the plan, once in each process: workers are sent the options, not the plan.

    ``collector`` reads the folder that is scanned, if one is.
    """

    collector: FolderCollector | None
    waivers: Waivers
    index_url: str
    registries: tuple[str, ...]
    engine: bool
    everything: bool
    offline: bool
    as_of: date
    uploaders: tuple[Uploader, ...] = ()

    def __call__(self) -> Plan:
        """The plan; UsageError where an option is wrong."""
        return self._plan

    def check(self) -> None:
        """UsageError where an option is wrong."""
        if not self.offline:
            self()
            return
        # Making a plan takes as long as starting does, and may be left to workers.
        if self.index_url:
            read_hosts(self.index_url)
        read_registries(self.registries)

    @cached_property
    def _plan(self) -> Plan:
        from audits.cli.plan import index_facts, make_plan

        return make_plan(
            index_url=self.index_url,
            waivers=self.waivers,
            engine=self.engine,
            everything=self.everything,
            as_of=self.as_of,
            uploaders=self.uploaders,
            facts=index_facts(
                self.index_url,
                offline=self.offline,
                registries=self.registries,
                clones=None if self.collector is None else self.collector.clones,
            ),
        )
