"""Uploads of packages whose own manifests keep them from being published."""

from __future__ import annotations

from pathlib import Path

import pytest

from audits.model.registry import Registry
from tests.cli.runner import release_audit
from tests.workflow.publish.uploads import found_in, job_of

CHECKOUT = "- uses: actions/checkout@v7\n"
PRIVATE = {"package.json": '{"name": "grove", "private": true}'}
MEMBER = {**PRIVATE, "libs/fig/package.json": '{"name": "fig", "version": "1.0.0"}'}
NO_CRATE = {"Cargo.toml": '[package]\nname = "grove"\npublish = false\n'}
CRATES = {
    "Cargo.toml": '[workspace]\nmembers = ["fig", "elm"]\n[workspace.package]\npublish = false\n',
    "fig/Cargo.toml": '[package]\nname = "fig"\npublish.workspace = true\n',
    "elm/Cargo.toml": '[package]\nname = "elm"\n',
}
NO_PUB = {"pubspec.yaml": "name: grove\npublish_to: 'none' # an app\n"}
NO_INDEX = {
    "pyproject.toml": '[project]\nname = "grove"\nclassifiers = ["Private :: Do Not Upload"]\n'
}


def steps_of(script: str, env: str = "") -> str:
    lines = "\n".join(f"    {line}" for line in script.splitlines())
    return f"{CHECKOUT}- run: |\n{lines}\n  env: {{TOKEN: '${{{{ secrets.T }}}}'{env}}}\n"


@pytest.mark.parametrize(
    ("script", "files"),
    [
        ("npm publish", PRIVATE),
        ("npm publish .", PRIVATE),
        ("pnpm publish --tag next --no-git-checks", PRIVATE),
        ("npx changeset publish", PRIVATE),
        ("cargo publish --locked", NO_CRATE),
        ("cargo publish", {"Cargo.toml": '[package]\nname = "grove"\npublish = []\n'}),
        ("cargo publish -p fig", CRATES),
        ("cd fig\ncargo publish", CRATES),
        ("dart pub publish --force", NO_PUB),
        ("twine upload dist/*", NO_INDEX),
    ],
)
def test_a_package_that_is_not_published_is_no_publication(
    script: str, files: dict[str, str]
) -> None:
    assert found_in(job_of(steps_of(script)), files) == ()


@pytest.mark.parametrize(
    ("script", "files"),
    [
        ("npm publish ./dist", PRIVATE),
        ("npm publish grove-1.0.0.tgz", PRIVATE),
        ("npm pkg delete private\nnpm publish", PRIVATE),
        ("jq 'del(.private)' package.json > p && mv p package.json\nnpm publish", PRIVATE),
        ("cd libs/fig\nnpm publish", MEMBER),
        ("npm publish -w fig", MEMBER),
        ("npx changeset publish", {**MEMBER, "pnpm-workspace.yaml": "packages: [libs/*]\n"}),
        ("pnpm -r publish", PRIVATE),
        ("npx lerna publish", PRIVATE),
        ("cargo publish -p elm", CRATES),
        ("npm publish", {"package.json": '{"name": "grove", "private": false}'}),
        ("twine upload --repository-url https://corp.example/up dist/*", NO_INDEX),
    ],
)
def test_another_one_is(script: str, files: dict[str, str]) -> None:
    assert len(found_in(job_of(steps_of(script)), files)) == 1


@pytest.mark.parametrize(
    "before",
    [
        "- uses: actions/download-artifact@v4\n",
        "- uses: actions/checkout@v7\n  with: {repository: grove/other}\n",
    ],
)
def test_what_is_not_the_repository_has_another_manifest(before: str) -> None:
    assert len(found_in(job_of(before + "- run: npm publish\n"), PRIVATE)) == 1


def test_a_tool_makes_its_release_and_no_package() -> None:
    env = ", NPM_TOKEN: '${{ secrets.NPM }}'"
    found = found_in(job_of(steps_of("npx semantic-release", env)), PRIVATE)
    assert [each.registry for each in found] == [Registry.GITHUB_RELEASE]


def test_nor_is_it_one_that_is_not_understood(tmp_path: Path) -> None:
    workflows = tmp_path / ".github" / "workflows"
    workflows.mkdir(parents=True)
    (workflows / "release.yml").write_text(job_of(steps_of("./ship.sh\nnpm publish")))
    (tmp_path / "ship.sh").write_text("npm publish\n")
    (tmp_path / "package.json").write_text(PRIVATE["package.json"])
    ran = release_audit("check", str(tmp_path), "--format", "json", "--no-engine")
    assert '"gaps": []' in ran.out
    assert '"publications": []' in ran.out


PLUGINS = '"@semantic-release/commit-analyzer", "@semantic-release/github"'


@pytest.mark.parametrize(
    ("tool", "files"),
    [
        ("semantic-release", {".releaserc.json": f'{{"plugins": [{PLUGINS}]}}'}),
        (
            "semantic-release",
            {
                "release.config.mjs": f"export default {{ plugins: [{PLUGINS},"
                " ['@semantic-release/npm', { npmPublish: false }]] }\n"
            },
        ),
        ("semantic-release", {"package.json": f'{{"release": {{"plugins": [{PLUGINS}]}}}}'}),
        ("release-it", {".release-it.json": '{"npm": {"publish": false}}'}),
        ("release-it", {".release-it.yml": "git:\n  tag: true\nnpm:\n  publish: false\n"}),
        (
            "release-it",
            {
                "package.json": '{"release-it": {"npm": {"publish": false}, "plugins":'
                ' {"@release-it/bumper": {}, "release-it-lerna-changelog": {}}}}'
            },
        ),
        ("release-it", {".release-it.toml": "[npm]\npublish = false\n"}),
    ],
)
def test_a_tool_that_is_set_not_to_publish_makes_its_release(
    tool: str, files: dict[str, str]
) -> None:
    env = ", NPM_TOKEN: '${{ secrets.NPM }}'"
    found = found_in(job_of(steps_of(f"npx {tool}", env)), files)
    assert [each.registry for each in found] == [Registry.GITHUB_RELEASE]


@pytest.mark.parametrize(
    ("tool", "files"),
    [
        ("semantic-release", {".releaserc": "branches: [main]\n"}),
        ("semantic-release", {".releaserc.json": '{"plugins": ["@semantic-release/npm"]}'}),
        ("semantic-release", {".releaserc.yml": "extends: grove\nplugins: []\n"}),
        ("semantic-release", {".releaserc.yml": "plugins: ['@semantic-release/exec']\n"}),
        ("semantic-release", {".releaserc.json": f'{{"plugins": [{PLUGINS}, "./ship.mjs"]}}'}),
        ("semantic-release", {"app/.releaserc.json": f'{{"plugins": [{PLUGINS}]}}'}),
        ("release-it", {".release-it.json": '{"npm": {"publish": true}}'}),
        ("release-it", {".release-it.json": '{"git": {"publish": false}}'}),
        (
            "release-it",
            {".release-it.yml": "npm: false\nplugins:\n  '@release-it-plugins/workspaces': true\n"},
        ),
        (
            "release-it",
            {".release-it.yml": "npm: {publish: false}\nhooks: {'after:bump': npm publish}\n"},
        ),
    ],
)
def test_one_that_may_publish_does(tool: str, files: dict[str, str]) -> None:
    env = ", NPM_TOKEN: '${{ secrets.NPM }}'"
    found = found_in(job_of(steps_of(f"npx {tool}", env)), files)
    assert [each.registry for each in found] == [Registry.NPM]
