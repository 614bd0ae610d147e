"""Environment has no link to the published project.

## Why it matters
The `url:` of an environment is shown on every deployment, in the run's graph and on the
repository's page: one click from the release to what it released. The lesson asks for it, and
to replace its placeholder by the address of the project. A link to another project, or to the
test index, leads reviewers astray.

## How to fix
Add the project's page on the index:

    environment:
      name: pypi
      url: https://<the index>/project/<your project>/

The edit fills in the page of the package that the job uploads, where there is one package and
its name is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from audits.analysis.environments import judged_publications, subject
from audits.checks.api import (
    GITHUB_ENVIRONMENTS,
    STEP_UPLOAD_JOB,
    Area,
    Channel,
    Clean,
    Edit,
    Environment,
    EnvironmentForm,
    Example,
    Finding,
    FixKind,
    Job,
    Outcome,
    Publication,
    Registry,
    Repository,
    Severity,
    Verdict,
    check,
    insert_below,
    newline_of,
    normalized,
    replace,
    replace_scalar,
)

_PLACEHOLDER = re.compile(
    r"<|>|\{(?!\{)|\byour[-_ ]?(project|package|name|lib|app)|\b(package|project|name)[-_](name|here|url)\b|^https?://example\.",
    re.IGNORECASE,
)
_PROJECT = re.compile(r"/(?:project|p)/(?P<name>[^/?#]+)")

_WORKFLOW = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
{environment}
    permissions:
      id-token: write
    steps:
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_PAGE = "https://pypi.example/project/lumen/"


def _workflow(*lines: str) -> str:
    return _WORKFLOW.format(environment="\n".join(f"    {line}" for line in lines))


_GOOD = _workflow("environment:", "  name: pypi", f"  url: {_PAGE}")
_FILES = {"pyproject.toml": '[project]\nname = "lumen"\n'}


@check(
    area=Area.ENVIRONMENT,
    severity=Severity.INFO,
    fix=FixKind.SAFE,
    lesson=STEP_UPLOAD_JOB,
    links=(GITHUB_ENVIRONMENTS,),
    examples=(
        Example(
            name="a name only",
            workflow=_workflow("environment: pypi # !"),
            files=_FILES,
            fixed=_GOOD,
        ),
        Example(
            name="a map without url",
            workflow=_workflow("environment: # !", "  name: pypi"),
            files=_FILES,
            fixed=_GOOD,
        ),
        Example(
            name="braces without url",
            workflow=_workflow("environment: { name: pypi } # !"),
            files=_FILES,
            fixed=_workflow(f"environment: {{ name: pypi, url: {_PAGE} }}"),
        ),
        Example(
            name="the lesson's placeholder",
            workflow=_workflow(
                "environment: # !", "  name: pypi", "  url: <URL TO YOUR PROJECT HERE>"
            ),
            files=_FILES,
            fixed=_GOOD,
        ),
        Example(
            name="another project",
            workflow=_workflow(
                "environment: # !", "  name: pypi", "  url: https://pypi.example/p/lantern"
            ),
            files=_FILES,
            fixed=_GOOD,
        ),
        Example(
            name="the test index",
            workflow=_workflow(
                "environment: # !", "  name: pypi", "  url: https://test.pypi.example/p/lumen"
            ),
            files=_FILES,
            fixed=_GOOD,
        ),
        Example(name="the project's page", workflow=_GOOD, files=_FILES),
        Example(
            name="the short page, spelled differently",
            workflow=_workflow(
                "environment:", "  name: pypi", "  url: https://pypi.example/p/Lumen"
            ),
            files=_FILES,
        ),
        Example(
            name="an expression",
            workflow=_workflow(
                "environment:", "  name: pypi", "  url: ${{ steps.upload.outputs.url }}"
            ),
        ),
        Example(
            name="no environment",
            workflow=_workflow("timeout-minutes: 5"),
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def environment_without_url(repo: Repository) -> Iterator[Verdict]:
    """Look at the environment of each job that publishes to production."""
    jobs: dict[Job, list[Publication]] = {}
    for publication in judged_publications(repo):
        jobs.setdefault(publication.job, []).append(publication)
    for job, publications in jobs.items():
        declared = next((p.environment for p in publications if p.environment), None)
        if declared is None:
            continue
        _, only = subject(publications)
        fault = _fault(repo, declared, publications)
        if not fault:
            yield Clean(at=declared.at, job=job, publication=only)
            continue
        yield Finding(
            message=f"The environment of the job `{job.id}` {fault}",
            at=declared.at,
            job=job,
            publication=only,
            anchor=job.id,
            edits=_edits(repo, declared, publications),
        )


def _fault(repo: Repository, declared: Environment, publications: list[Publication]) -> str:
    """What is wrong with the address; "" where nothing is."""
    url = declared.url.value.strip() if declared.url else ""
    if not url:
        return "has no `url:`"
    if "${{" in url:
        return ""
    if _PLACEHOLDER.search(url):
        return f"has a placeholder for its url: `{url}`"
    pypi = [p for p in publications if p.registry is Registry.PYPI]
    if repo.index_hosts is None or not pypi:
        return ""
    channel = repo.index_hosts.channel_of(url)
    if channel is Channel.TEST:
        return f"links to the test index: `{url}`"
    page = _PROJECT.match(urlsplit(url).path)
    names = {normalized(Registry.PYPI, name) for p in pypi for name in p.packages}
    known = channel is Channel.PRODUCTION and page and names
    if known and page and normalized(Registry.PYPI, page["name"]) not in names:
        return f"links to another project: `{url}`"
    return ""


def _edits(
    repo: Repository, declared: Environment, publications: list[Publication]
) -> tuple[Edit, ...]:
    """Set the url to the page of the one package."""
    packages = {name for p in publications for name in p.packages}
    pypi = all(p.registry is Registry.PYPI for p in publications)
    source = repo.file(declared.at.path)
    if repo.index_hosts is None or not pypi or len(packages) != 1 or source is None:
        return ()
    page = repo.index_hosts.project_page(packages.pop())
    if not page:
        return ()
    if declared.url is not None:
        return (replace_scalar(source, declared.url, page),) if not declared.url.is_null else ()
    text, name = source.text, declared.name
    start = text.rfind("\n", 0, name.start) + 1
    if declared.form is not EnvironmentForm.MAP:
        pad = " " * (declared.at.column - 1)
        newline = newline_of(text)
        block = f"{newline}{pad}  name: {text[name.start : name.end]}{newline}{pad}  url: {page}"
        gap = text.rfind(":", 0, name.start) + 1
        return (replace(source, gap, name.end, block),)
    if "{" in text[start : name.start]:
        return (replace(source, name.end, name.end, f", url: {page}"),)
    pad = " " * (len(text[start : name.start]) - len(text[start : name.start].lstrip()))
    return insert_below(source, name.line, (f"{pad}url: {page}",))
