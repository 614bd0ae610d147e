"""Invented repositories for tests of what counts as publishing."""

from __future__ import annotations

from functools import cache

from audits.model.index_hosts import IndexHosts
from audits.model.publication import Publication
from audits.model.source import SourceFile
from audits.model.workflow import CompositeAction, Workflow
from audits.workflow.parse.package_metadata import package_names
from audits.workflow.parse.parse import parse_action, parse_workflow
from audits.workflow.publish.publications import Library, find_publications
from audits.workflow.routes import Routes
from audits.workflow.shell.commands import Patience, commands
from audits.workflow.tasks.hops import Hops

INDEX = IndexHosts.of("https://index.example/simple/")
RELEASE = ".github/workflows/release.yml"


def indented(text: str, spaces: int) -> str:
    """The lines of a text, each behind so many blanks."""
    return "\n".join(" " * spaces + line for line in text.strip("\n").splitlines())


def job_of(steps: str, *, head: str = "", permissions: str = "id-token: write") -> str:
    """A workflow of one job with these steps, whose lines start at the first column."""
    return f"""
on: {{push: {{tags: ["v*"]}}}}
jobs:
  publish:
    runs-on: ubuntu-latest
    permissions: {{{permissions}}}
{indented(head, 4)}
    steps:
{indented(steps, 6)}
"""


def run_of(
    script: str, *, env: str = "", head: str = "", permissions: str = "id-token: write"
) -> str:
    """A workflow of one job with one script."""
    steps = f"- run: |\n{indented(script, 4)}\n"
    steps += f"  env: {{{env}}}\n" if env else ""
    return job_of(steps, head=head, permissions=permissions)


def found_in(
    workflow: str | dict[str, str], files: dict[str, str] | None = None
) -> tuple[Publication, ...]:
    """The publications of a repository with these workflows (one: `RELEASE`) and files."""
    texts = {RELEASE: workflow} if isinstance(workflow, str) else workflow
    workflows: list[Workflow] = []
    for path, text in texts.items():
        parsed = parse_workflow(SourceFile.of(path, text.encode()))
        assert parsed.workflow is not None, parsed.gaps
        workflows.append(parsed.workflow)
    sources = [SourceFile.of(path, text.encode()) for path, text in (files or {}).items()]
    actions: dict[str, CompositeAction] = {}
    for source in sources:
        folder, _, name = source.path.rpartition("/")
        if name == "action.yml" and (action := parse_action(source).action):
            actions[folder] = action
    names = package_names(sources)
    library = Library(
        channel=INDEX.channel_of,
        commands=cache(lambda step, job, _: commands(step.run, step.shell or job.shell)),
        actions=actions,
        names=names.names,
        declared=names.declared,
        withheld=names.withheld,
        has_members=names.has_members,
        without_npm=names.without_npm,
        indexes=names.indexes,
        addresses=names.addresses,
        hops=Hops({source.path: source for source in sources}, cache(lambda _: Patience())),
    )
    routes = Routes(workflows)
    return tuple(
        publication
        for workflow_read in workflows
        for job in workflow_read.live_jobs
        for publication in find_publications(
            workflow_read, job, routes.of(workflow_read, job), library
        )
    )


def the_one(workflow: str | dict[str, str], files: dict[str, str] | None = None) -> Publication:
    """The only publication of such a repository."""
    found = found_in(workflow, files)
    assert len(found) == 1, [(p.registry, p.mechanism, p.at) for p in found]
    return found[0]
