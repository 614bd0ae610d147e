"""Channels and package names that the repository's own files give."""

from __future__ import annotations

import pytest

from tests.workflow.publish.uploads import found_in, job_of, run_of, the_one

PRIVATE = "https://npm.acme.example/"
_CONFIG = f'"publishConfig": {{"registry": "{PRIVATE}"}}'
_PACKAGE = '{"name": "@wick/core"}'


@pytest.mark.parametrize(
    ("script", "files", "channel"),
    [
        ("npm publish", {"package.json": f'{{"name": "a", {_CONFIG}}}'}, "private"),
        ("pnpm publish", {"package.json": f'{{"name": "a", {_CONFIG}}}'}, "private"),
        (
            "npm publish",
            {"package.json": '{"name": "a", "publishConfig": {"tag": "x"}}'},
            "production",
        ),
        (
            "npm publish --registry https://registry.npmjs.example",
            {"package.json": f'{{"name": "a", {_CONFIG}}}'},
            "production",
        ),
        ("npm publish", {"package.json": _PACKAGE, ".npmrc": f"registry={PRIVATE}\n"}, "private"),
        (
            "npm publish",
            {"package.json": _PACKAGE, ".npmrc": f"@wick:registry={PRIVATE}\n"},
            "private",
        ),
        (
            "npm publish",
            {"package.json": _PACKAGE, ".npmrc": f"@ember:registry={PRIVATE}\n"},
            "production",
        ),
        (
            "npm publish",
            {"package.json": _PACKAGE, ".npmrc": f"# registry={PRIVATE}\n"},
            "production",
        ),
        (
            "yarn npm publish",
            {"package.json": _PACKAGE, ".yarnrc.yml": f"npmPublishRegistry: '{PRIVATE}'\n"},
            "private",
        ),
        (
            "npx lerna publish",
            {
                "package.json": _PACKAGE,
                "lerna.json": f'{{"command": {{"publish": {{"registry": "{PRIVATE}"}}}}}}',
            },
            "private",
        ),
        (
            "cd web && npm publish",
            {"package.json": '{"name": "a"}', "web/package.json": f'{{"name": "w", {_CONFIG}}}'},
            "private",
        ),
        (
            "npm publish",
            {"package.json": '{"name": "a"}', "web/package.json": f'{{"name": "w", {_CONFIG}}}'},
            "production",
        ),
        (
            "dotnet nuget push a.nupkg -s feed",
            {"nuget.config": '<add key="feed" value="https://nuget.acme.example/v3/index.json" />'},
            "private",
        ),
        (
            "dotnet nuget push a.nupkg --source public",
            {"NuGet.Config": "<add value='https://api.nuget.example/v3/index.json' key='public'/>"},
            "production",
        ),
        (
            "twine upload -r acme dist/*",
            {".pypirc": "[acme]\nrepository = https://test.index.example/legacy/\n"},
            "test",
        ),
        (
            "poetry config repositories.lab https://upload.index.example/legacy/\npoetry publish -r lab",
            {},
            "production",
        ),
        (
            "poetry publish -r lab",
            {
                "pyproject.toml": '[[tool.poetry.source]]\nname = "lab"\nurl = "https://x.acme.example/"\n'
            },
            "private",
        ),
        (
            "uv publish --index lab",
            {
                "pyproject.toml": '[[tool.uv.index]]\nname = "lab"\npublish-url = "https://x.acme.example/"\n'
            },
            "private",
        ),
        (
            "make ship",
            {"Makefile": "ship:\n\tnpm publish\n", "package.json": f'{{"name": "a", {_CONFIG}}}'},
            "private",
        ),
    ],
)
def test_addresses_of_files(script: str, files: dict[str, str], channel: str) -> None:
    assert the_one(run_of(script), files).channel == channel


_CORP = "https://up.acme.example/"
_CRATE = '[package]\nname = "wick"\n'
_MANAGED = (
    "<project><distributionManagement><repository><id>x</id><url>{}</url></repository>"
    "</distributionManagement></project>"
)
_BUILD = 'publishing { repositories { maven { url = uri("%s") } } }\n'


@pytest.mark.parametrize(
    ("script", "files", "channel"),
    [
        ("cargo publish", {"Cargo.toml": f'{_CRATE}publish = ["acme"]\n'}, "private"),
        ("cargo publish", {"Cargo.toml": f'{_CRATE}publish = ["crates-io"]\n'}, "production"),
        ("cargo publish", {"Cargo.toml": f"{_CRATE}publish = [{{a = 1}}]\n"}, "production"),
        (
            "cargo publish",
            {"Cargo.toml": f'{_CRATE}publish = ["crates-io", "acme"]\n'},
            "production",
        ),
        (
            "cargo publish -p wick",
            {
                "Cargo.toml": '[workspace.package]\npublish = ["acme"]\n',
                "wick/Cargo.toml": f"{_CRATE}publish.workspace = true\n",
                "tar/Cargo.toml": '[package]\nname = "tar"\n',
            },
            "private",
        ),
        (
            "cargo publish -p tar",
            {
                "wick/Cargo.toml": f'{_CRATE}publish = ["acme"]\n',
                "tar/Cargo.toml": '[package]\nname = "tar"\n',
            },
            "production",
        ),
        (
            "cargo publish",
            {"Cargo.toml": _CRATE, ".cargo/config.toml": '[registry]\ndefault = "acme"\n'},
            "private",
        ),
        (
            "cargo publish",
            {
                "Cargo.toml": _CRATE,
                ".cargo/config.toml": '[registry]\ndefault = "pre"\n[registries.pre]\n'
                'index = "sparse+https://staging.acme.example/"\n',
            },
            "test",
        ),
        (
            "gem push wick.gem",
            {"wick.gemspec": f"s.metadata['allowed_push_host'] = '{_CORP}'\n"},
            "private",
        ),
        (
            "gem push wick.gem",
            {
                "wick.gemspec": 's.metadata = { "allowed_push_host" => "https://rubygems.example" }\n'
            },
            "production",
        ),
        (
            "gem push --host https://rubygems.example wick.gem",
            {"wick.gemspec": f"s.metadata['allowed_push_host'] = '{_CORP}'\n"},
            "production",
        ),
        ("uv publish", {"pyproject.toml": f'[tool.uv]\npublish-url = "{_CORP}"\n'}, "private"),
        ("uv publish", {"uv.toml": f'publish-url = "{_CORP}"\n'}, "private"),
        (
            "twine upload dist/*",
            {"pyproject.toml": f'[tool.uv]\npublish-url = "{_CORP}"\n'},
            "production",
        ),
        (
            "uv publish --index testpypi",
            {"pyproject.toml": f'[tool.uv]\npublish-url = "{_CORP}"\n'},
            "test",
        ),
        ("dart pub publish -f", {"pubspec.yaml": f"name: a\npublish_to: {_CORP}\n"}, "private"),
        (
            "dotnet nuget push a.nupkg",
            {"nuget.config": f'<add key="defaultPushSource" value="{_CORP}" />'},
            "private",
        ),
        ("mvn deploy", {"pom.xml": _MANAGED.format(_CORP)}, "private"),
        (
            "mvn deploy",
            {"pom.xml": _MANAGED.format("https://oss.sonatype.example/x")},
            "production",
        ),
        (
            "mvn deploy",
            {
                "pom.xml": _MANAGED.format(_CORP).replace(
                    "</project>", "<plugin>central-publishing-maven-plugin</plugin></project>"
                )
            },
            "production",
        ),
        (
            "mvn deploy",
            {"pom.xml": _MANAGED.format(_CORP).replace("repo", "snapshotRepo")},
            "production",
        ),
        ("./gradlew publish", {"build.gradle.kts": _BUILD % _CORP}, "private"),
        ("./gradlew publishToSonatype", {"build.gradle": _BUILD % _CORP}, "production"),
        (
            "./gradlew publish",
            {
                "build.gradle": f'publishing {{ a {{}} }}\nrepositories {{ maven {{ url "{_CORP}" }} }}'
            },
            "production",
        ),
        ("sbt publish", {"build.sbt": f'publishTo := Some("acme" at "{_CORP}")\n'}, "private"),
        (
            "sbt publish",
            {"build.sbt": f'ThisBuild / publishTo := {{\n  Some("acme" at "{_CORP}")\n}}\n'},
            "private",
        ),
        (
            "sbt publish",
            {"build.sbt": f'// publishTo := Some("acme" at "{_CORP}")\n'},
            "production",
        ),
        (
            "mix hex.publish --yes",
            {"mix.exs": 'def project do\n[package: [organization: "acme"]]\nend\n'},
            "private",
        ),
        (
            "mix hex.publish --yes",
            {"mix.exs": '[package: [links: %{}], deps: [{:a, "~> 1", organization: "acme"}]]\n'},
            "production",
        ),
        ("mix hex.publish --organization acme", {}, "private"),
        (f"npm config set registry {_CORP}\nnpm publish", {"package.json": _PACKAGE}, "private"),
        (
            f"npm config set @wick:registry={_CORP}\nnpm publish",
            {"package.json": _PACKAGE},
            "private",
        ),
        (
            f"npm config set @ember:registry={_CORP}\nnpm publish",
            {"package.json": _PACKAGE},
            "production",
        ),
        (f"echo registry={_CORP} >> .npmrc\nnpm publish", {"package.json": _PACKAGE}, "private"),
    ],
)
def test_addresses_of_build_files(script: str, files: dict[str, str], channel: str) -> None:
    """Each tool goes where its own files send it, and nobody else's."""
    assert the_one(run_of(script), files).channel == channel


_TWO = {
    "package.json": '{"private": true, "workspaces": ["libs/*"]}',
    "libs/a/package.json": '{"name": "@wick/a"}',
    "libs/b/package.json": '{"name": "@wick/b"}',
}
_CRATES = {
    "a/Cargo.toml": '[package]\nname = "wick-a"\n',
    "b/Cargo.toml": '[package]\nname = "wick-b"\n',
}
_PROJECTS = {
    "src/Wick/Wick.csproj": "<Project><PropertyGroup><PackageId>Acme.Wick</PackageId></PropertyGroup></Project>",
    "src/Wick.Tests/Wick.Tests.csproj": "<Project><IsTestProject>true</IsTestProject></Project>",
}


@pytest.mark.parametrize(
    ("script", "files", "names"),
    [
        ("pnpm --filter @wick/a publish", _TWO, ("@wick/a",)),
        ("pnpm --filter ./libs/b publish", _TWO, ("@wick/b",)),
        ("npm publish -w @wick/a -w @wick/b", _TWO, ("@wick/a", "@wick/b")),
        ("npm publish --workspace=@wick/b", _TWO, ("@wick/b",)),
        ("yarn workspace @wick/a npm publish", _TWO, ("@wick/a",)),
        ("pnpm -r publish", _TWO, ("@wick/a", "@wick/b")),
        ("npm publish --workspaces", _TWO, ("@wick/a", "@wick/b")),
        ("npx changeset publish", _TWO, ("@wick/a", "@wick/b")),
        ("npx lerna publish from-package", _TWO, ("@wick/a", "@wick/b")),
        ("cd libs/a && npm publish", _TWO, ("@wick/a",)),
        ("npm publish ./libs/b", _TWO, ("@wick/b",)),
        ("cargo publish -p wick-a", _CRATES, ("wick-a",)),
        ("cargo publish -p wick-a -p wick-b", _CRATES, ("wick-a", "wick-b")),
        ("cargo publish --workspace", _CRATES, ("wick-a", "wick-b")),
        ("cargo publish --manifest-path b/Cargo.toml", _CRATES, ("wick-b",)),
        ("dotnet nuget push out/*.nupkg", _PROJECTS, ("Acme.Wick",)),
        (
            "gem push pkg/x.gem",
            {"x/x.gemspec": "Gem::Specification.new { |s|\n  s.name = 'wick'\n}"},
            ("wick",),
        ),
        (
            "pnpm run ship",
            {**_TWO, "package.json": '{"scripts": {"ship": "pnpm -r publish"}}'},
            ("@wick/a", "@wick/b"),
        ),
        (
            "pnpm --filter ./libs/b run ship",
            {
                **_TWO,
                "libs/b/package.json": '{"name": "@wick/b", "scripts": {"ship": "npm publish"}}',
            },
            ("@wick/b",),
        ),
    ],
)
def test_names_of_a_workspace(script: str, files: dict[str, str], names: tuple[str, ...]) -> None:
    (found,) = found_in(run_of(script), files)
    assert found.packages == names


def test_names_by_a_static_matrix() -> None:
    steps = "- run: npm publish\n  working-directory: libs/${{ matrix.p }}"
    head = "strategy: {matrix: {p: [a, b]}}"
    assert the_one(job_of(steps, head=head), _TWO).packages == ("@wick/a", "@wick/b")


_CALLED = """
on: {workflow_call: {inputs: {push: {type: boolean}}, secrets: {token: {required: true}}}}
jobs:
  ship:
    if: inputs.push
    steps: [{run: twine upload dist/*, env: {TWINE_PASSWORD: '${{ secrets.token }}'}}]
"""
_CALLER = """
on: pull_request
jobs:
  a: {uses: ./.github/workflows/ship.yml, with: {push: false}}
"""


@pytest.mark.parametrize(
    ("caller", "auth"), [("test.yml", "token"), ("self-test.yml", "token"), ("main.yml", "none")]
)
def test_a_workflow_for_callers_elsewhere_is_judged_by_what_it_declares(
    caller: str, auth: str
) -> None:
    files = {".github/workflows/ship.yml": _CALLED, f".github/workflows/{caller}": _CALLER}
    assert [(p.registry, p.auth) for p in found_in(files)] == [("pypi", auth)]
