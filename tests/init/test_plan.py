"""When init writes nothing, and why; where its files go; what is left to a person."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from audits.init.plan import InitPlan, Wants, plan_init
from audits.model.evidence import PackageEvidence, Provenance, PublisherKind, Release
from audits.model.source import RepositoryRef
from tests.checks.harness import INDEX
from tests.init.projects import CASES, PYTHON, Case, files_of, packages_of, plan_of, repository_of

PLAIN = PYTHON[0].files
PYPROJECT = PLAIN["pyproject.toml"]
RELEASE = ".github/workflows/release.yml"
PUBLISHING = """\
on: {release: {types: [published]}}
jobs:
  publish:
    runs-on: ubuntu-latest
    permissions: {id-token: write}
    steps:
      - uses: pypa/gh-action-pypi-publish@release/v1
"""


def refusal(plan: InitPlan) -> str:
    assert not plan.files
    (refused,) = plan.refused
    assert refused.refusal.advice
    return refused.sentence


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "No package is named here"),
        ({"pyproject.toml": "[project]\nversion = '1'\n"}, "No package is named here"),
        ({"package.json": '{"name": "x", "private": true}'}, "No package is named here"),
        ({**PLAIN, RELEASE: PUBLISHING}, f"published to PyPI already ({RELEASE}, line 7)"),
        (
            {
                **PLAIN,
                RELEASE: PUBLISHING + "        with: {repository-url: 'https://index.example'}\n",
            },
            "published to a registry of your own",
        ),
        ({**PLAIN, RELEASE: "on: [release\n"}, "may publish already"),
        (
            {
                **PLAIN,
                RELEASE: "on: release\njobs:\n  release:\n    runs-on: x\n"
                "    permissions: {id-token: write}\n    steps:\n      - run: ./ship\n",
            },
            "looks like a release by a way that is not known",
        ),
        (
            {
                **PLAIN,
                RELEASE: "on: release\njobs:\n  release:\n    secrets: inherit\n"
                "    uses: far-away/pipelines/.github/workflows/publish.yml@v1\n",
            },
            "was not read",
        ),
        (
            {"pyproject.toml": PYPROJECT.replace("setuptools.build_meta", "sipbuild.api")},
            "'sipbuild.api' is none that is known here",
        ),
        (
            {
                "pyproject.toml": PYPROJECT.replace(
                    "[project]", 'backend-path = ["."]\n[project]', 1
                )
            },
            "is a file of the repository",
        ),
        ({"pyproject.toml": PYPROJECT.replace('"lumen"', '"lu men; id"')}, "is no name that PyPI"),
        (
            {"pyproject.toml": PYPROJECT.replace('"lumen"', '"${{ github.token }}"')},
            "is no name that PyPI",
        ),
        ({"a $(id)/pyproject.toml": PYPROJECT}, "has characters that a workflow cannot hold"),
        ({"a'b/pyproject.toml": PYPROJECT}, "has characters that a workflow cannot hold"),
        ({**PLAIN, "package.json": '{"name": "lumen"}'}, "Packages of several registries"),
        (
            {"package.json": '{"name": "lumen", "dependencies": {"left-pad": "^1"}}'},
            "No lock file",
        ),
        (
            {
                "package.json": '{"name": "lumen", "dependencies": {"left-pad": "^1"}}',
                "yarn.lock": "",
            },
            "does not say with which version",
        ),
    ],
)
def test_it_refuses_with_a_sentence_and_advice(files: dict[str, str], said: str) -> None:
    assert said in refusal(plan_of(files))


def test_it_refuses_on_an_enterprise_server() -> None:
    ref = RepositoryRef(owner="orchard-labs", name="lumen", host="github.orchard.example")
    assert "GitHub Enterprise Server" in refusal(plan_of(PLAIN, ref=ref))


def test_it_asks_for_a_package_that_is_there() -> None:
    plan = plan_of(PLAIN, Wants(packages=("lantern",)))
    assert "No package here is called 'lantern'" in refusal(plan)
    assert plan.refused[0].refusal.advice == "There are: lumen."


def test_a_package_is_chosen_by_name_or_by_folder() -> None:
    files = {**files_of(PYTHON[0], "core"), "web/package.json": '{"name": "lumen-web"}'}
    by_name = plan_of(files, Wants(packages=("lumen-web",)))
    by_folder = plan_of(files, Wants(folder="web"))
    assert [w.shape.project.name for w in by_name.written] == ["lumen-web"]
    assert by_name.files == by_folder.files


def test_packages_of_one_name_in_two_registries_have_a_workflow_each() -> None:
    files = {**files_of(PYTHON[0], "python"), "Cargo.toml": '[package]\nname = "lumen"\n'}
    plan = plan_of(files, Wants(packages=("lumen",)))
    assert sorted(w.path for w in plan.written) == [
        ".github/workflows/release-lumen-crates.yml",
        ".github/workflows/release-lumen-pypi.yml",
    ]


def test_another_release_of_the_repository_keeps_its_tags() -> None:
    npm = {**PLAIN, "web/package.json": '{"name": "lumen-web"}', RELEASE: PUBLISHING}
    plan = plan_of(npm, Wants(packages=("lumen-web",)))
    assert [w.path for w in plan.written] == [".github/workflows/release-lumen-web.yml"]
    assert "'lumen-web/v'" in plan.files[0].text
    assert plan.steps[0].text.startswith(f"Let {RELEASE} run for its own tags only")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pyproject.toml", "[project\nname = 'lumen'\n"),
        ("pyproject.toml", "[project]\nname = 3\n"),
        ("package.json", '{"name": "lumen",}'),
        ("Cargo.toml", "[package]\nname = lumen\n"),
    ],
)
def test_metadata_that_cannot_be_read_is_no_absence(path: str, text: str) -> None:
    plan = plan_of({path: text})
    assert f"{path}, line" in refusal(plan)
    assert plan.refused[0].refusal.unread


def test_a_name_is_compared_as_its_index_does() -> None:
    files = {
        "pyproject.toml": PYPROJECT.replace('"lumen"', '"Lumen_Core.x"'),
        RELEASE: PUBLISHING.replace("jobs:", "env: {A: b}\njobs:"),
    }
    assert "published to PyPI already" in refusal(plan_of(files))


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('Gem::Specification.new { |s| s.name = "lumen"; s.version = "1" }', True),
        ("  spec.name          = 'lumen'.freeze", True),
        ("  s.name = %q{lumen}", True),
        ("  # s.name = 'lumen'", False),
        ("  s.name = NAME", False),
        ("  s.summary = 'its s.name = lumen'", False),
    ],
)
def test_a_gem_is_named_by_a_literal(line: str, found: bool) -> None:
    plan = plan_of({"lumen.gemspec": f"{line}\n"})
    assert [w.shape.project.name for w in plan.written] == (["lumen"] if found else [])


def test_a_package_without_a_readme_is_not_checked_strictly() -> None:
    described = PYPROJECT.replace('name = "lumen"', 'name = "lumen"\nreadme = "README.md"')
    texts = [plan_of({"pyproject.toml": text}).files[0].text for text in (PYPROJECT, described)]
    assert ["twine check --strict dist/*" in text for text in texts] == [False, True]


def test_a_workflow_of_the_same_name_stays() -> None:
    other = "on: push\njobs:\n  test:\n    runs-on: ubuntu-24.04\n    steps: [{run: make}]\n"
    plan = plan_of({**PLAIN, RELEASE: other})
    assert plan.files[0].path == ".github/workflows/publish.yml"
    taken = {
        f".github/workflows/{name}.yml": other for name in ("release", "publish", "release-package")
    }
    assert "is there already" in refusal(plan_of({**PLAIN, **taken}))


def test_uploads_to_the_test_index_alone_release_nothing() -> None:
    text = PUBLISHING + "        with: {repository-url: 'https://test.pypi.example/legacy/'}\n"
    plan = plan_of({**PLAIN, ".github/workflows/try.yml": text})
    assert [file.path for file in plan.files][:1] == [RELEASE]


@pytest.mark.parametrize(
    ("workflow", "environment", "path", "line"),
    [
        ("wheels.yml", "release", "wheels.yml", "name: release"),
        ("wheels.yml", "The index", "wheels.yml", 'name: "The index"'),
        ("wheels.yml", "on", "wheels.yml", 'name: "on"'),
        ("wheels.yml", "2.0", "wheels.yml", 'name: "2.0"'),
        ("wheels.yml", 'a"\\b: {', "wheels.yml", r'name: "a\"\\b: {"'),
        ("wheels.yml", "${{ github.token }}", "wheels.yml", "name: pypi"),
        ("../../ship.yml", "release", "release.yml", "name: release"),
        ("a b\n.yml", "", "release.yml", "name: pypi"),
    ],
)
def test_the_last_publisher_keeps_its_file_and_environment(
    workflow: str, environment: str, path: str, line: str
) -> None:
    provenance = Provenance(
        kind=PublisherKind.GITHUB,
        repository="Orchard-Labs/Lumen",
        workflow=workflow,
        environment=environment,
    )
    release = Release(version="1.0", uploaded=None, files=1, provenance=(provenance,))
    evidence = PackageEvidence(registry="pypi", name="lumen", releases=(release,))
    repository = replace(repository_of(PLAIN), index={("pypi", "lumen"): evidence})
    plan = plan_init(repository, packages_of(PLAIN), Wants(), INDEX)
    assert plan.files[0].path == f".github/workflows/{path}"
    assert f"      {line}\n" in plan.files[0].text
    read = repository_of({**PLAIN, **{file.path: file.text for file in plan.files}})
    named = {p.environment.name.value for p in read.publications if p.environment}
    assert named == {environment if "$" not in environment and environment else "pypi"}


DEPENDABOT = "version: 2\nupdates:\n  - package-ecosystem: pip\n    directory: /\n    schedule: {interval: weekly}\n"


@pytest.mark.parametrize(
    ("files", "path", "remark"),
    [
        ({}, ".github/dependabot.yml", ""),
        ({".github/dependabot.yml": DEPENDABOT}, ".github/dependabot.yml", ""),
        ({".github/dependabot.yaml": DEPENDABOT}, ".github/dependabot.yaml", ""),
        ({".github/dependabot.yml": DEPENDABOT.replace("pip", "github-actions")}, "", ""),
        ({"renovate.json": "{}"}, "", ""),
        ({"renovate.json": '{"github-actions": {"enabled": false}}'}, "", "Let Renovate update"),
        ({".github/dependabot.yml": "updates: [\n"}, "", "was not understood"),
        ({".github/dependabot.yml": "version: 2\nupdates: []\n"}, "", "Add an update for"),
    ],
)
def test_a_bot_that_is_there_is_kept(files: dict[str, str], path: str, remark: str) -> None:
    plan = plan_of({**PLAIN, **files})
    changed = [file for file in plan.files if "workflows" not in file.path]
    assert [file.path for file in changed] == ([path] if path else [])
    for file in changed:
        assert file.text.startswith(files.get(path, "version: 2\n"))
    assert plan.steps[0].text.startswith(("Make the environment", "Let", "Add"))
    assert remark in plan.steps[0].text


def test_line_endings_are_the_repositorys() -> None:
    files = {path: text.replace("\n", "\r\n") for path, text in PLAIN.items()}
    for file in plan_of(files).files:
        assert file.text.count("\n") == file.text.count("\r\n")
    assert not plan_of({**files, **{f.path: f.text for f in plan_of(files).files}}).files


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_persons_steps_stand_in_order(case: Case) -> None:
    plan = plan_of(case.files)
    wanted = ["Make the environment", "Register the trusted publisher", "ruleset", "immutable"]
    wanted += ["Merge", "Release a candidate", "Revoke"]
    texts = [step.text for step in plan.steps][-len(wanted) :]
    assert all(word in text for word, text in zip(wanted, texts, strict=True))
    assert all(step.url.startswith("https://") for step in plan.steps if step.url)
    form = next(step for step in plan.steps if step.text.startswith("Register"))
    if case in PYTHON:
        assert form.url == (
            f"{INDEX.base}/manage/project/lumen/settings/publishing/?provider=github"
            "&owner=orchard-labs&repository=lumen&workflow_filename=release.yml&environment=pypi"
        )


def test_no_link_leads_to_a_repository_that_is_not_known() -> None:
    plan = plan_of(PLAIN, ref=RepositoryRef(owner="local", name="lumen", host=""))
    assert not [step.url for step in plan.steps if "github.com" in step.url]
    assert plan.files


@pytest.mark.parametrize(
    ("files", "tag"),
    [
        (PLAIN, "`v1.2.3rc1`"),
        ({"package.json": '{"name": "lumen"}'}, "`v1.2.3-rc.1`"),
    ],
)
def test_a_candidate_has_a_tag_as_its_registry_spells_versions(
    files: dict[str, str], tag: str
) -> None:
    (step,) = (s for s in plan_of(files).steps if s.text.startswith("Release a candidate"))
    assert (
        f"publish a GitHub release, marked as a pre-release, with a tag such as {tag}" in step.text
    )


def test_private_repositories_hear_of_the_plan_that_rules_need() -> None:
    public, private = (plan_of(PLAIN, Wants(private=each)) for each in (False, True))
    assert "paid plan" in private.steps[0].text
    assert "paid plan" not in public.steps[0].text


def test_npm_hears_what_the_registry_compares() -> None:
    steps = plan_of({"package.json": '{"name": "@orchard-labs/lumen"}'}).steps
    assert (
        'Let "repository" in package.json of @orchard-labs/lumen be https://github.com/orchard-labs/lumen'
        in steps[0].text
    )
    assert "publishConfig" in steps[1].text
    settled = (
        '{"name": "lumen", "repository": {"url": "git+https://github.com/Orchard-Labs/lumen.git"}}'
    )
    assert plan_of({"package.json": settled}).steps[0].text.startswith("Make the environment")
