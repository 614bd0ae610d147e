"""Makes the plan of a scan from its options: rules, waivers, engine, evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

from audits.checks import all_checks
from audits.cli.registry_options import read_hosts, read_registries
from audits.collect.advisories import newest
from audits.engines.zizmor import Zizmor
from audits.engines.zizmor_rules import KEPT_RULES
from audits.model.repository import Breadth
from audits.model.source import RepositoryRef
from audits.pipeline.audit import Rules
from audits.pipeline.evidence import Facts, NoFacts
from audits.pipeline.run import Plan
from audits.scoring.policy import engine_version
from audits.suppressions.accept import Acceptances
from audits.suppressions.waivers import Waivers
from audits.workflow.uploaders.uploader import Uploader

Places = Callable[[], Iterable[tuple[RepositoryRef, Path]]]
"""Says which repositories lie where, once that is asked."""


def index_facts(
    index_url: str,
    *,
    offline: bool,
    registries: Iterable[str] | None = None,
    clones: Places | None = None,
) -> Facts:
    """Facts of package indexes, or of nobody; ``registries`` are others as NAME=URL, ``clones``
    the repositories whose history can be read.
    """
    others = read_registries(registries or ())
    if offline:
        return NoFacts(known=newest())
    from audits.collect.folder.release_files import FolderHistory
    from audits.collect.index.reader import IndexReader, default_cache
    from audits.pipeline.index_evidence import IndexFacts

    read_hosts(index_url)
    reader = IndexReader(index_url, registries=others, cache=default_cache())
    history = FolderHistory(places=clones) if clones else None
    return IndexFacts(reader=reader, known=newest(), history=history)


def make_plan(
    *,
    index_url: str = "",
    waivers: Waivers | None = None,
    engine: bool = True,
    everything: bool = False,
    facts: Facts | None = None,
    as_of: date | None = None,
    uploaders: tuple[Uploader, ...] = (),
) -> Plan:
    """The plan of a command; ``as_of`` is the day whose facts count, today unless given;
    ``uploaders`` are the organization's own.
    """
    checks = all_checks()
    rules_of = {check.id: check.zizmor for check in checks if check.zizmor}
    rules_of |= {f"zizmor/{rule}": rule for rule in KEPT_RULES}
    accept = Acceptances(waivers or Waivers(today=date.today()), rules_of)
    return Plan(
        rules=Rules(
            index=read_hosts(index_url),
            accept=accept,
            checks=checks,
            engine=engine_version() if engine else "",
            as_of=as_of or date.today(),
            uploaders=uploaders,
        ),
        facts=facts or NoFacts(known=newest()),
        engine=Zizmor() if engine else None,
        breadth=Breadth.ALL if everything else Breadth.RELEASE,
    )
