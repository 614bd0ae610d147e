"""The project's own rules, held by its tools: style, types, imports, sizes, README, workflows."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest
from typer.main import get_command

from audits import __version__
from audits.cli.app import application
from audits.collect.folder.collector import read_folder
from audits.collect.index.default_index import index_hosts
from audits.engines.zizmor import Zizmor
from audits.model.outcome import Severity
from audits.model.repository import Breadth
from audits.model.score import Audit
from audits.model.source import RepositoryRef, Snapshot
from audits.pipeline.audit import Rules
from audits.pipeline.run import Plan, audit_batch
from audits.scoring.policy import engine_version
from tests import generate
from tests.patience import PATIENCE

ROOT = Path(__file__).parent.parent
PACKAGES = ("audits", "dashboard", "tests")
MOST_FUNCTION_LINES = 40


def sources() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


@cache
def tree_of(path: Path) -> ast.Module:
    """What a module says, parsed once for all rules."""
    return ast.parse(path.read_text("utf-8"))


def run(*words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_style() -> None:
    run("ruff", "check", *PACKAGES)


def test_format() -> None:
    run("ruff", "format", "--check", *PACKAGES)


def test_nothing_is_kept_from_the_formatter() -> None:
    mark = "# fmt" + ":"
    assert not [str(path) for path in sources() if mark in path.read_text("utf-8")]


def test_types() -> None:
    run("mypy")


def test_imports_go_one_way() -> None:
    lint = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", lint, "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_a_planted_import_of_a_sibling_check_is_noticed(tmp_path: Path) -> None:
    configuration = (ROOT / "pyproject.toml").read_text("utf-8")
    for package in ("audits", "dashboard"):
        for path in (ROOT / package).rglob("*.py"):
            copy = tmp_path / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    planted = tmp_path / "audits/checks/unpinned_action.py"
    planted.write_text(
        planted.read_text("utf-8") + "\nfrom audits.checks import oidc_not_granted as _  # noqa\n",
        "utf-8",
    )
    (tmp_path / "pyproject.toml").write_text(configuration, "utf-8")
    lint = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", lint, "--no-cache"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(tmp_path)},
    )
    assert done.returncode != 0
    assert "Checks never import each other BROKEN" in done.stdout


def test_a_check_imports_the_api_and_analyses_only() -> None:
    helpers = {"__init__.py", "api.py", "constants.py", "example_workflows.py"}
    strays = [
        f"{path.name}: {node.module}"
        for path in sorted((ROOT / "audits/checks").glob("*.py"))
        if path.name not in helpers
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("audits.")
        and not (node.module or "").startswith(("audits.analysis.", "audits.expressions."))
        and node.module != "audits.checks.api"
    ]
    assert not strays


def test_functions_stay_small() -> None:
    large = []
    for path in sources():
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MOST_FUNCTION_LINES:
                    large.append(f"{path.relative_to(ROOT)}: {node.name} has {lines} lines")
    assert not large


SHARED_MODULE_NAMES = frozenset(
    [
        "actions",
        "address",
        "advisories",
        "app",
        "cache",
        "cells",
        "check",
        "collector",
        "demo",
        "doctor",
        "edit_plan",
        "environments",
        "errors",
        "evidence",
        "export",
        "exposure",
        "files",
        "findings",
        "fix",
        "login",
        "method",
        "organization",
        "home",
        "incident",
        "packages",
        "past",
        "paths",
        "plan",
        "provenance",
        "publications",
        "pypi",
        "release_files",
        "release_graph",
        "releases",
        "reports",
        "repositories",
        "repository",
        "rescore",
        "rows",
        "scan",
        "scope",
        "score",
        "self_check",
        "serialize",
        "settings",
        "snapshots",
        "steps",
        "tables",
        "transport",
        "trends",
        "uses",
        "waivers",
        "workflow",
    ]
)
"""Names of several modules with one subject, such as a command, its work and its view."""


def test_modules_of_one_name_have_one_subject() -> None:
    homes: dict[str, list[str]] = {}
    for package in ("audits", "dashboard"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if path.stem not in {"__init__", *SHARED_MODULE_NAMES}:
                homes.setdefault(path.stem, []).append(str(path.relative_to(ROOT)))
    assert not {name: paths for name, paths in homes.items() if len(paths) > 1}


def test_each_class_has_a_name_of_its_own() -> None:
    homes: dict[str, list[str]] = {}
    for package in ("audits", "dashboard"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in tree_of(path).body:
                if isinstance(node, ast.ClassDef):
                    homes.setdefault(node.name, []).append(str(path.relative_to(ROOT)))
    assert not {name: paths for name, paths in homes.items() if len(paths) > 1}


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in sources()
        if path.read_text("utf-8").strip() and not ast.get_docstring(tree_of(path))
    ]
    assert not [path for path in silent if not path.endswith("__init__.py")]


def test_no_registry_is_named_by_its_host() -> None:
    # Built from parts, so that this file does not name one either.
    hosts = re.compile(
        rf"\b(?:{'|'.join(('py' + 'pi', 'np' + 'mjs', 'pythonhost' + 'ed'))})\.org\b"
    )
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    names = listed.stdout.split("\n") if listed.returncode == 0 else []
    paths = [ROOT / name for name in names if name] or list(sources())
    texts = (
        (path, path.read_bytes().decode("utf-8", "replace")) for path in paths if path.is_file()
    )
    assert not [str(path) for path, text in texts if hosts.search(text)]


def test_nothing_generated_is_stale() -> None:
    assert generate.stale() == []


def test_contributing_names_rooms_that_exist() -> None:
    text = (ROOT / ".github" / "CONTRIBUTING.md").read_text("utf-8")
    named = re.findall(r"`((?:audits|dashboard|tests)/[\w./-]*)`", text)
    assert len(named) > 20
    missing = {path for path in named if not (ROOT / path).exists()}
    assert missing == {"audits/checks/unbounded_publish_job.py"}  # which the reader writes


def test_readme_links_to_the_generated_pages() -> None:
    text = generate.README.read_text("utf-8")
    for page in (generate.CHECKS, generate.COLUMNS):
        assert f"({page.relative_to(ROOT).as_posix()})" in text


@pytest.mark.parametrize("readme_mark", ["demo command", "test command"])
def test_readme_has_its_two_commands(readme_mark: str) -> None:
    text = generate.README.read_text("utf-8")
    assert len(re.findall(rf"<!-- {readme_mark} -->\n```sh\n[^\n]+\n```", text)) == 1


OWN_WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def test_our_own_workflows_earn_an_a() -> None:
    snapshot = read_folder(ROOT, RepositoryRef(owner="orchard-labs", name="release-audit"))
    audited = audited_with_zizmor(snapshot)
    assert audited.score.grade == "A"
    assert [p.registry for p in audited.publications] == ["pypi"]
    assert len(audited.repository.workflows) == len(OWN_WORKFLOWS)
    assert not findings_of(audited)


def test_zizmor_finds_nothing_in_our_own_workflows() -> None:
    assert zizmor_findings(OWN_WORKFLOWS, "--persona", "auditor") == []


def audited_with_zizmor(snapshot: Snapshot) -> Audit:
    """The audit of all workflows, not those of releases alone, with zizmor's rules."""
    rules = Rules(index=index_hosts(), engine=engine_version())
    plan = Plan(rules=rules, engine=Zizmor(), breadth=Breadth.ALL)
    (audited,) = audit_batch((snapshot,), plan)
    assert not audited.repository.gaps
    return audited


def findings_of(audited: Audit) -> list[tuple[str, str]]:
    found = [*audited.findings, *audited.beyond]
    return [(f.check, f.finding.message) for f in found if f.severity > Severity.INFO]


def zizmor_findings(paths: Sequence[Path], *options: str) -> list[object]:
    program = str(Path(sysconfig.get_path("scripts"), "zizmor"))
    command = [program, "--offline", "--no-progress", "--format", "json", *options]
    run = subprocess.run(
        [*command, *map(str, paths)], capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert run.stderr.count("completed") == len(paths)
    found: list[object] = json.loads(run.stdout)
    return found


def _readme_workflows() -> dict[str, str]:
    text = generate.README.read_text("utf-8")
    pattern = r"<!-- workflow: ([\w-]+\.yml) -->\n```yaml\n(.*?)```"
    found = dict(re.findall(pattern, text, re.DOTALL))
    assert {"release-audit.yml", "nightly.yml"} <= found.keys()
    return found


def test_readme_recommends_workflows_without_findings(tmp_path: Path) -> None:
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    for name, text in _readme_workflows().items():
        (folder / name).write_text(text, "utf-8")
    bot = ROOT / ".github" / "dependabot.yml"
    (tmp_path / ".github" / "dependabot.yml").write_text(bot.read_text("utf-8"), "utf-8")
    snapshot = read_folder(tmp_path, RepositoryRef(owner="orchard-labs", name="lumen"))
    audited = audited_with_zizmor(snapshot)
    assert len(audited.repository.workflows) == len(_readme_workflows())
    assert not findings_of(audited)


def test_zizmor_finds_nothing_in_the_workflows_of_readme(tmp_path: Path) -> None:
    paths = []
    for name, text in _readme_workflows().items():
        path = tmp_path / ".github" / "workflows" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        paths.append(path)
    assert zizmor_findings(paths, "--min-severity", "medium") == []


def test_the_workflows_of_readme_use_options_that_there_are() -> None:
    used = [
        (found[1], option)
        for text in _readme_workflows().values()
        for found in re.finditer(r"release-audit==\S+ release-audit (\w+)([^\n>|]*)", text)
        for option in re.findall(r"--[\w-]+", found[2])
    ]
    commands = get_command(application()).commands  # type: ignore[attr-defined]
    for command, option in used:
        known = {name for parameter in commands[command].params for name in parameter.opts}
        assert option in known, f"{command} {option}"
    assert {"check", "scan", "export"} <= {command for command, _ in used}


def test_readme_recommends_this_version() -> None:
    text = generate.README.read_text("utf-8")
    assert f"release-audit=={__version__}" in text
    assert f"rev: v{__version__}" in text
