"""``release-audit scan``: scans owners, a list of repositories, or a folder into the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer
from msgspec import Struct, field
from msgspec.structs import replace

from audits.cli.exits import FAULT, UsageError, exit_code
from audits.cli.github import ApiUrlOption, MaxPointsOption, TokenFileOption
from audits.cli.options import (
    AllOption,
    AllowGapsOption,
    AsOfOption,
    ConfigOption,
    DatabaseOption,
    FailOn,
    IndexOption,
    NoEngineOption,
    OfflineOption,
    RegistryOption,
    WaiversOption,
    day_of,
)
from audits.cli.output import OutputError, say
from audits.cli.planner import Planner
from audits.cli.scan_end import NotifyOption, ScanEnd, ScanFailOnOption
from audits.interrupts import exit_status

if TYPE_CHECKING:
    from audits.collect.folder.collector import FolderCollector
    from audits.collect.github.collector import Connection
    from audits.model.errors import AuditError
    from audits.model.source import RepositoryRef
    from audits.pipeline.cluster import Cluster
    from audits.pipeline.github_scan import GitHubScanned
    from audits.pipeline.run import Plan
    from audits.pipeline.serialized import SerializedAudit
    from audits.store.store import Store
    from audits.suppressions.waivers import Waivers
    from audits.workflow.uploaders.uploader import Uploader


OwnersArgument = Annotated[
    Optional[list[str]],  # noqa: UP045 - Typer reads the annotation at run time
    typer.Argument(metavar="[OWNER]...", help="Accounts on GitHub."),
]


def folder_of(text: str) -> Path:
    """The folder that an option names; UsageError where that is nothing, or no path at all."""
    advice = "Name the folder; '.' is the current one."
    if not text:
        raise UsageError("--folder is given no name.", advice)
    try:
        path = Path(text)
        path.resolve()  # fails where the current folder is gone
        path.exists()  # fails where the name is too long
    except (OSError, ValueError) as error:
        why = (getattr(error, "strerror", "") or str(error)).lower()
        raise UsageError(f"The folder {text[:60]!r} cannot be looked at: {why}.", advice) from error
    return path


FolderOption = Annotated[
    Optional[list[Path]],  # noqa: UP045
    typer.Option(
        "--folder",
        parser=folder_of,
        metavar="DIR",
        help="A folder of repositories, or of owners' folders; repeat it for more.",
    ),
]
ReposOption = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(
        "--repos", metavar="FILE", help="A list of repositories on GitHub, one owner/name a line."
    ),
]
OrgOption = Annotated[
    str,
    typer.Option(
        "--org", metavar="NAME", help="The owner of the folder's repositories; default: its name."
    ),
]
LinkHostOption = Annotated[
    str,
    typer.Option(
        "--host",
        metavar="HOST",
        help="The web host that links lead to; default: github.com, or the API's.",
    ),
]
ArchivedOption = Annotated[
    bool, typer.Option("--include-archived/--no-archived", help="Read archived repositories.")
]
ForksOption = Annotated[bool, typer.Option("--include-forks/--no-forks", help="Read forks.")]
ResumeOption = Annotated[
    bool, typer.Option("--resume", help="Continue a scan that was interrupted.")
]
SchedulerOption = Annotated[
    str,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS",
        help="A Dask scheduler, as tcp://HOST:8786: its workers judge what this machine reads.",
        envvar="RELEASE_AUDIT_SCHEDULER",
        show_envvar=True,
    ),
]


def scan(
    context: typer.Context,
    owners: OwnersArgument = None,
    folder: FolderOption = None,
    repos: ReposOption = None,
    org: OrgOption = "",
    host: LinkHostOption = "",
    archived: ArchivedOption = True,
    forks: ForksOption = False,
    resume: ResumeOption = False,
    token_file: TokenFileOption = None,
    api_url: ApiUrlOption = "",
    max_points: MaxPointsOption = None,
    database: DatabaseOption = None,
    index_url: IndexOption = "",
    registry: RegistryOption = None,
    waivers: WaiversOption = None,
    config: ConfigOption = None,
    allow_gaps: AllowGapsOption = False,
    everything: AllOption = False,
    no_engine: NoEngineOption = False,
    offline: OfflineOption = False,
    as_of: AsOfOption = None,
    fail_on: ScanFailOnOption = FailOn.NEVER,
    notify: NotifyOption = None,
    scheduler: SchedulerOption = "",
) -> None:
    """Scan repositories, score them, and record what changed."""
    end = ScanEnd.of(allow_gaps, fail_on, notify)
    check_source(folder, repos, owners or [], offline)
    collector = folder_collector(folder, org, host)
    planner = _planner(
        collector, waivers, config, index_url, registry, everything, no_engine, offline, as_of
    )
    if collector is not None:
        here = _FolderScan(collector, planner, database, end, scheduler)
        raise typer.Exit(_folder(here, resume, context))
    reach = _GitHubAccess(host, token_file, api_url, max_points)
    request = _GitHubRequest(owners or [], repos, reach, archived, forks, resume, database, end)
    raise typer.Exit(_judged(request, planner, scheduler, context))


def _planner(
    collector: FolderCollector | None,
    waivers: Path | None,
    config: Path | None,
    index_url: str,
    registry: list[str] | None,
    everything: bool,
    no_engine: bool,
    offline: bool,
    as_of: datetime | None,
) -> Planner:
    """How repositories are audited; UsageError where an option is wrong."""
    planner = Planner(
        collector=collector,
        waivers=_loaded(waivers),
        index_url=index_url,
        offline=offline,
        registries=tuple(registry or ()),
        engine=not no_engine,
        everything=everything,
        as_of=day_of(as_of),
        uploaders=_own_uploaders(config),
    )
    planner.check()
    return planner


def _loaded(waivers: Path | None) -> Waivers:
    from audits.cli.waivers import load_waivers

    return load_waivers(waivers)


def _own_uploaders(config: Path | None) -> tuple[Uploader, ...]:
    from audits.cli.configuration import load_uploaders

    return load_uploaders(config)


def check_source(
    folder: list[Path] | None, repos: Path | None, owners: list[str], offline: bool
) -> None:
    """UsageError unless there is something to scan, and only one kind of it."""
    from audits.cli.github import is_login

    online = bool(owners) or repos is not None
    if not folder and not online:
        raise UsageError(
            "There is nothing to read.", "Name an OWNER on GitHub, or give a --folder."
        )
    if folder and online:
        raise UsageError("A folder and GitHub are two sources.", "Read one after the other.")
    if online and offline:
        raise UsageError(
            "GitHub cannot be read offline.", "Leave --offline out, or read clones by --folder."
        )
    for owner in owners:
        if not is_login(owner):
            raise UsageError(
                f"{owner!r} is no account's name.",
                "Give single repositories by --repos, or to 'release-audit check'.",
            )


def folder_collector(folders: list[Path] | None, owner: str, host: str) -> FolderCollector | None:
    """The collector of these folders; None where none is given."""
    from audits.collect.folder.collector import FolderCollector

    if not folders:
        return None
    first, *more = dict.fromkeys(folders)
    return FolderCollector(folder=first, more=tuple(more), owner=owner, host=host or "github.com")


class _Recorded(Struct):
    """How many repositories a scan has recorded so far."""

    number: int = 0


class _FolderScan(Struct, frozen=True):
    """A scan of a folder as the command line asks for it; ``recorded`` counts as it goes on."""

    collector: FolderCollector
    planner: Planner
    database: str | None
    end: ScanEnd
    scheduler: str = ""
    recorded: _Recorded = field(default_factory=_Recorded)


def _folder(request: _FolderScan, resume: bool, context: typer.Context) -> int:
    """Scan a folder, print what came of it, and return the exit code."""
    from audits.pipeline.worker_pool import audits_of_folder

    try:
        if resume or request.scheduler:
            with _judge(request.planner, request.scheduler) as cluster:
                return _record(request, resume=resume, cluster=cluster)
        with audits_of_folder(
            request.collector,
            request.planner,
            alone=request.planner.offline,
            engine=request.planner.engine,
        ) as audits:
            return _record(request, audits)
    except KeyboardInterrupt as stopped:
        return _stopped(context, stopped)
    except OutputError:  # only the summary is missing
        raise
    except Exception:
        if request.recorded.number:
            _say_how_to_resume(context, "The scan is not finished; what was read is kept.")
        raise


def _judged(
    request: _GitHubRequest, planner: Planner, scheduler: str, context: typer.Context
) -> int:
    """Scan GitHub, with a cluster where one is named, and return the exit code."""
    with _judge(planner, scheduler) as cluster:
        return _github(request, planner(), planner.waivers, context, cluster)


@contextmanager
def _judge(planner: Planner, scheduler: str) -> Iterator[Cluster | None]:
    """The cluster that judges, for as long as it is needed; None where none is asked for."""
    if not scheduler:
        yield None
        return
    from audits.pipeline.cluster import Cluster

    # Workers get the options without a folder, and ask nobody.
    remote = replace(planner, collector=None, offline=True)
    with Cluster(scheduler, remote, planner()) as cluster:
        yield cluster


def _record(
    request: _FolderScan,
    audits: Iterator[SerializedAudit] | None = None,
    *,
    resume: bool = False,
    cluster: Cluster | None = None,
) -> int:
    """Record the audits of a new scan, or where none are given those of this process or of a
    cluster; returns the exit code.
    """
    # The database's library takes longer to import than all the rest; workers are at work.
    from audits.cli.summary import print_summary
    from audits.cli.waiting import watching
    from audits.pipeline.folder_contents import scan_folder
    from audits.pipeline.scan import Scanner
    from audits.report.escape import printable
    from audits.store.cache import StoreMemory
    from audits.store.open import open_store

    def note(ref: RepositoryRef) -> None:
        request.recorded.number += 1
        if request.collector.total is not None and not resume:
            watch.expect(request.collector.source, request.collector.total)
        watch.done(printable(str(ref)))

    plan = None if request.planner.offline and audits is not None else request.planner()
    with closing(open_store(request.database)) as store:
        with watching("reading") as watch:
            scanner = Scanner(
                store, plan, resume=resume, as_of=request.planner.as_of, cluster=cluster
            )
            finished = scan_folder(scanner, request.collector, StoreMemory(store), note, audits)
        gaps = (*request.collector.gaps(), *scanner.faults)
        waivers = request.planner.waivers
        print_summary(store, finished, gaps, waivers, database=request.database)
        arrived = request.end.notified(store, finished, waivers)
    return request.end.code(finished, gaps, stopped=not arrived)


class _GitHubAccess(Struct, frozen=True):
    """How GitHub is reached."""

    host: str
    token_file: list[Path] | None
    api_url: str
    max_points: int | None

    def connection(self, on_wait: Callable[[float, str], None]) -> Connection:
        """The connection; ``on_wait`` gets the seconds of each wait, and why."""
        from audits.cli.github import connect

        return connect(
            self.token_file,
            self.api_url,
            host=self.host,
            max_points=self.max_points,
            on_wait=on_wait,
        )


class _GitHubRequest(Struct, frozen=True):
    """A scan of GitHub as the command line asks for it."""

    owners: list[str]
    repos: Path | None
    reach: _GitHubAccess
    archived: bool
    forks: bool
    resume: bool
    database: str | None
    end: ScanEnd


def _stopped(context: typer.Context, stopped: KeyboardInterrupt) -> int:
    """Say how to go on with a scan that was interrupted, and return the exit code."""
    _say_how_to_resume(context, "Stopped; what was read is kept.")
    return exit_status(stopped)


def _say_how_to_resume(context: typer.Context, why: str) -> None:
    from audits.cli.resume import resume_line

    say(f"{why} {resume_line(context)}", error=True)


def _github(
    request: _GitHubRequest,
    plan: Plan,
    waivers: Waivers,
    context: typer.Context,
    cluster: Cluster | None,
) -> int:
    """Scan GitHub, print what came of it, and return the exit code."""
    from audits.cli.summary import print_summary
    from audits.store.open import open_store

    failures: dict[str, AuditError] = {}
    recorded = _Recorded()
    with closing(open_store(request.database)) as store:
        try:
            results = _results(request, plan, waivers, store, failures, recorded, cluster)
        except KeyboardInterrupt as stopped:
            return _stopped(context, stopped)
        for result in results:
            print_summary(store, result.finished, result.gaps, waivers, database=request.database)
        finished = tuple(scanned for result in results for scanned in result.finished)
        arrived = request.end.notified(store, finished, waivers)
    several = len(request.owners) + (request.repos is not None) > 1
    for what, error in failures.items():
        whose = f"{what}: " if several else ""
        say(f"error: {whose}{error.message}\nadvice: {error.advice}", error=True)
    paused = [owner for result in results for owner in result.paused]
    if paused:
        _say_how_to_resume(context, f"{', '.join(paused)}: not finished.")
    elif failures and recorded.number > sum(s.repositories for r in results for s in r.finished):
        _say_how_to_resume(context, "The scan is not finished; what was read is kept.")
    if any(exit_code(error) == FAULT for error in failures.values()):
        return FAULT
    gaps = [gap for result in results for gap in result.gaps]
    stopped_early = bool(failures or paused) or not arrived
    return request.end.code(finished, gaps, stopped=stopped_early)


def _results(
    request: _GitHubRequest,
    plan: Plan,
    waivers: Waivers,
    store: Store,
    failures: dict[str, AuditError],
    recorded: _Recorded,
    cluster: Cluster | None,
) -> tuple[GitHubScanned, ...]:
    """Scan what was asked for; errors that end a scan, by what was scanned, are added to
    ``failures``, and ``recorded`` counts repositories.
    """
    from audits.cli.github import make_scan, read_list, run_scans
    from audits.cli.waiting import watching
    from audits.report.escape import printable

    def note(name: str) -> None:
        recorded.number += 1
        watch.done(printable(name))

    names, problems = read_list(request.repos) if request.repos else ((), ())
    for problem in problems:
        say(f"warning: {problem}", error=True)
    with watching("asking GitHub") as watch:
        connection = request.reach.connection(watch.waiting)
        running = make_scan(
            store,
            plan,
            connection,
            waivers,
            archived=request.archived,
            forks=request.forks,
            resume=request.resume,
            expect=watch.expect,
            judge=cluster,
        )
        owners = tuple(dict.fromkeys(request.owners))
        return run_scans(running, owners, names, note, failures.__setitem__)
