"""Which packages of a monorepo a job uploads, where only the build says it."""

from __future__ import annotations

import pytest

from tests.workflow.publish.uploads import found_in, indented, job_of, run_of


def _named(name: str) -> str:
    return f'[project]\nname = "{name}"\n'


MONOREPO = {
    "packages/one/pyproject.toml": _named("lumen-one"),
    "packages/two/pyproject.toml": _named("lumen-two"),
    "pyproject.toml": _named("lumen"),
}


@pytest.mark.parametrize(
    ("script", "packages"),
    [
        ("uv build packages/one", {"lumen-one"}),
        ("uv build --out-dir dist ./packages/one/", {"lumen-one"}),
        ("uv build --package lumen-two", {"lumen-two"}),
        ("uv --directory packages/two build -o ../../dist", {"lumen-two"}),
        ("python -m build --sdist --outdir dist packages/two", {"lumen-two"}),
        ("pyproject-build packages/one", {"lumen-one"}),
        ("pip wheel --no-deps -w dist packages/one", {"lumen-one"}),
        ("cd packages/two\nhatch build ../../dist\ncd ../..", {"lumen-two"}),
        ("python -m build packages/one\npython -m build packages/two", {"lumen-one", "lumen-two"}),
        ("python -m build", {"lumen"}),
        ("cd packages/two && python -m build -o ../../dist", {"lumen-two"}),
        ("poetry build -C packages/one", {"lumen-one"}),
        ("pdm build -p packages/one -d dist", {"lumen-one"}),
        ("uv build -p 3.12 packages/one", {"lumen-one"}),
        ("rye build --package lumen-two", {"lumen-two"}),
        ("uv build --package Lumen_Two", {"lumen-two"}),
        ("uv build --package lumen-three", {"lumen-three"}),  # whose metadata was not read
        ("flit -f packages/two/pyproject.toml build", {"lumen-two"}),
        ("uv build --all-packages", {"lumen-one", "lumen-two", "lumen"}),
        # What is computed may be any below the root, or below its own folder.
        ('for p in packages/*; do python -m build "$p" -o dist; done', {"lumen-one", "lumen-two"}),
        ("uv build packages/${{ inputs.which }}", {"lumen-one", "lumen-two"}),
        ("uv build --package lumen-${{ inputs.which }}", {"lumen-one", "lumen-two"}),
        ("uv build $(./choose.sh)", {"lumen-one", "lumen-two"}),
        ("uv build other/${{ inputs.which }}", set()),
        # What says nothing of a package: no build, a folder that holds none.
        ("ls packages/one", set()),
        ("uv build packages/three", set()),
        ("python -m build packages/one --help", set()),
        ("echo python -m build packages/one", set()),
    ],
)
def test_a_build_says_which_package_is_uploaded(script: str, packages: set[str]) -> None:
    (found,) = found_in(run_of(f"{script}\nuv publish dist/*"), MONOREPO)
    assert set(found.packages) == packages


ACTION = """
runs:
  using: composite
  steps:
    - run: twine upload dist/*
      shell: bash
"""
CALLS = """
on: {push: {tags: ["v*"]}}
jobs:
  publish:
    runs-on: ubuntu-latest
    permissions: {id-token: write}
    defaults: {run: {working-directory: packages/one}}
    steps:
      - uses: actions/checkout@v4
      - run: python -m build
      - uses: ./.github/actions/up
"""


def test_a_build_of_the_job_counts_for_an_upload_in_an_action() -> None:
    (found,) = found_in(CALLS, {**MONOREPO, ".github/actions/up/action.yml": ACTION})
    assert found.packages == ("lumen-one",)


SPLIT = """
on: {push: {tags: ["v*"]}}
jobs:
  build:
    runs-on: ubuntu-latest
    strategy: {matrix: {package: [one, two]}}
    steps:
      - run: python -m build packages/${{ matrix.package }}
  test:
    runs-on: ubuntu-latest
    steps:
      - run: python -m build
  publish:
    needs: [build]
    runs-on: ubuntu-latest
    permissions: {id-token: write}
    steps:
      - uses: pypa/gh-action-pypi-publish@release/v1
"""


def test_the_root_is_uploaded_from_a_checkout_where_no_build_names_another_package() -> None:
    text = run_of("uv build packages/one\nuv publish").replace(
        "    steps:\n", "    steps:\n      - uses: actions/checkout@v4\n"
    )
    assert [p.packages for p in found_in(text, MONOREPO)] == [("lumen-one",)]
    unbuilt = text.replace("uv build packages/one", "ls")
    assert [p.packages for p in found_in(unbuilt, MONOREPO)] == [("lumen",)]


def test_the_job_that_hands_the_package_over_says_it_and_no_other() -> None:
    (found,) = found_in(SPLIT, MONOREPO)
    assert set(found.packages) == {"lumen-one", "lumen-two"}


def _package(name: str) -> str:
    return f'{{"name": "{name}", "version": "1.0.0"}}'


LIBRARIES = {
    "package.json": '{"name": "root", "private": true, "workspaces": ["libs/*"]}',
    **{f"libs/{name}/package.json": _package(f"@lumen/{name}") for name in ("a", "b", "c")},
    "scripts/each.sh": "for p in b c; do (cd libs/$p && npm publish); done\n",
    "Cargo.toml": '[workspace]\nmembers = ["crates/*"]\n',
    **{
        f"crates/{name}/Cargo.toml": f'[package]\nname = "lumen-{name}"\nversion = "1.0.0"\n'
        for name in ("x", "y", "z")
    },
    **{
        f"lumen-{name}.gemspec": f'Gem::Specification.new do |s|\n  s.name = "lumen-{name}"\nend\n'
        for name in ("one", "two")
    },
    **{
        f"src/{name}/{name}.csproj": "<Project><PropertyGroup><PackageId>"
        f"Lumen.{name}</PackageId></PropertyGroup></Project>"
        for name in ("A", "B")
    },
}


ALIKE = {
    **{path: text for path, text in LIBRARIES.items() if path.startswith("libs")},
    "package.json": _package("lumen"),
    "website/package.json": '{"name": "website", "private": true}',
}
"""Where the package of the root is public, and that of a folder is not."""


@pytest.mark.parametrize(
    ("script", "package"),
    [
        ("for d in .; do (cd $d && npm publish); done\n# for d in website; do", "lumen"),
        ("for d in .; do (cd $d && npm publish); done\nfor d in website; do cd $d; done", "lumen"),
        ("cd website\nnpm ci\ncd $PWD/..\nnpm publish", "lumen"),
        ('echo "$(cd website && ls)"\nnpm publish', ""),
        ("cd website && npm ci &\nnpm publish", ""),
        ("docs() { cd website; npm run build; }\nnpm publish", ""),
        ('if [ "$D" = 1 ]; then cd website; fi\nnpm publish', ""),
        ("cd website && bash up.sh", ""),
        ("make -C website up", ""),
        ("mise x -C website -- npm publish", ""),
        ("(cd website && npm ci)\n" + f'echo "{"x" * 20_000}"\nnpm publish', ""),
        ('eval "cd libs/a"\nnpm publish', "@lumen/a"),
        ("cd libs/b\ncd ../a\n(cd ../.. && cd website)\ncd -\nnpm publish", "@lumen/b"),
        ('cd "$(git rev-parse --show-toplevel)"\nnpm publish', "lumen"),
        ("npm pack -w libs/a\nnpm publish", "lumen"),
        ("npm publish --tag libs/a", "lumen"),
        (
            "for d in a; do (cd libs/$d && npm publish); done\nfor d in b; do cd libs/$d; done",
            "@lumen/a",
        ),
        ("d=b\nfor d in a; do (cd libs/$d && npm publish); done", "@lumen/a"),
    ],
)
def test_where_the_folder_is_not_sure_a_private_package_silences_no_upload(
    script: str, package: str
) -> None:
    files = {**ALIKE, "website/up.sh": "cd ..\nnpm publish\n"}
    files["website/Makefile"] = "up:\n\tcd .. && npm publish\n"
    steps = f"- uses: actions/checkout@v4\n- run: |\n{indented(script, 4)}\n"
    found = found_in(job_of(steps), files)
    assert found
    assert not package or {name for each in found for name in each.packages} == {package}


def test_a_package_that_is_surely_private_is_no_upload() -> None:
    for script in (
        "cd website\nnpm publish",
        "cd website && npm publish",
        "(cd website; npm publish)",
    ):
        steps = f"- uses: actions/checkout@v4\n- run: |\n{indented(script, 4)}\n"
        assert not found_in(job_of(steps), ALIKE)


@pytest.mark.parametrize(
    ("script", "package"),
    [
        ("cd $GITHUB_WORKSPACE\nnpm publish", "lumen"),
        ("cd ${{ github.workspace }}/libs/b\nnpm publish", "@lumen/b"),
        ("cd ..\nnpm publish", "lumen"),
        ("env -C .. npm publish", "lumen"),
    ],
)
def test_a_step_in_a_folder_leads_out_of_it(script: str, package: str) -> None:
    steps = "- uses: actions/checkout@v4\n- working-directory: website\n"
    (found,) = found_in(job_of(f"{steps}  run: |\n{indented(script, 4)}\n"), ALIKE)
    assert found.packages == (package,)


@pytest.mark.parametrize(
    ("script", "packages"),
    [
        ("(cd libs/a && npm publish)\n(cd libs/b && npm publish)", {"@lumen/a", "@lumen/b"}),
        ("cd libs/a\nnpm publish\ncd -\ncd libs/c\nnpm publish", {"@lumen/a", "@lumen/c"}),
        (
            "cd libs/a\nnpm publish\ncd $GITHUB_WORKSPACE/libs/b\npnpm publish",
            {"@lumen/a", "@lumen/b"},
        ),
        ("env -C libs/a npm publish", {"@lumen/a"}),
        ("yarn --cwd libs/a npm publish", {"@lumen/a"}),
        ("bun publish --cwd libs/c", {"@lumen/c"}),
        ("npm publish libs/b --access public", {"@lumen/b"}),
        ("npm publish -ws", {"@lumen/a", "@lumen/b", "@lumen/c"}),
        ("npm pack -w libs/a\nnpm publish *.tgz", {"@lumen/a"}),
        # The variable of a loop is each of what it goes through.
        ("for p in a c; do (cd libs/$p && npm publish); done", {"@lumen/a", "@lumen/c"}),
        ("for p in libs/*/; do (cd $p; npm publish); done", {"@lumen/a", "@lumen/b", "@lumen/c"}),
        ('LIBS="a b"\nfor p in $LIBS; do npm publish ./libs/${p}; done', {"@lumen/a", "@lumen/b"}),
        ('L=(a c)\nfor p in "${L[@]}"; do npm publish ./libs/$p; done', {"@lumen/a", "@lumen/c"}),
        ("for p in {a,b}; do npm publish ./libs/$p; done", {"@lumen/a", "@lumen/b"}),
        ("scripts/each.sh", {"@lumen/b", "@lumen/c"}),
        (
            "for p in ${{ matrix.lib }} b; do (cd libs/$p; npm publish); done",
            {"@lumen/a", "@lumen/b"},
        ),
        # What runs it chooses the folder: any member, or those that it names.
        (
            "find libs -name package.json -execdir npm publish \\;",
            {"@lumen/a", "@lumen/b", "@lumen/c"},
        ),
        (
            "find libs -exec sh -c 'cd $1 && npm publish' _ {} \\;",
            {"@lumen/a", "@lumen/b", "@lumen/c"},
        ),
        ("ls -d libs/* | xargs -n1 npm publish", {"@lumen/a", "@lumen/b", "@lumen/c"}),
        ("pnpm -r exec npm publish", {"@lumen/a", "@lumen/b", "@lumen/c"}),
        ("npx lerna exec -- npm publish", {"@lumen/a", "@lumen/b", "@lumen/c"}),
        ("npm exec -ws -- npm publish", {"@lumen/a", "@lumen/b", "@lumen/c"}),
        ("pnpm --filter @lumen/b exec npm publish", {"@lumen/b"}),
        ("npm exec -w libs/c -- npm publish", {"@lumen/c"}),
        ("npm publish --workspace libs/a", {"@lumen/a"}),
        ("npm publish -w @lumen/a -w libs/b", {"@lumen/a", "@lumen/b"}),
        ("pnpm -r --filter ./libs/b publish", {"@lumen/b"}),
        (
            'yarn workspaces foreach -A --include "@lumen/{a,c}" npm publish',
            {"@lumen/a", "@lumen/c"},
        ),
        ("for c in lumen-x lumen-z; do cargo publish -p $c; done", {"lumen-x", "lumen-z"}),
        ("cd crates/y\ncargo publish", {"lumen-y"}),
        ("cd crates/y\ncargo publish --token ${TOKEN}", {"lumen-y"}),
        ("cd libs/a\nnpm publish --provenance --custom ${TOKEN}", {"@lumen/a"}),
        ("gem build lumen-two.gemspec\ngem push lumen-two-*.gem", {"lumen-two"}),
        ("for s in *.gemspec; do gem build $s; done\ngem push *.gem", {"lumen-one", "lumen-two"}),
        (
            "dotnet pack src/B/B.csproj -c Release -o out\ndotnet nuget push out/*.nupkg",
            {"Lumen.B"},
        ),
        ("dotnet pack src/A -o out\ndotnet nuget push out/*.nupkg", {"Lumen.A"}),
        # What says nothing: a folder outside, one that is computed elsewhere, all of a solution.
        ('cd "$(mktemp -d)"\nnpm publish', set()),
        ("cd $RUNNER_TEMP/built\nnpm publish", set()),
        ("dotnet pack -o out\ndotnet nuget push out/*.nupkg", set()),
        ("gem push *.gem", set()),
    ],
)
def test_so_do_folders_loops_and_builds_of_other_registries(
    script: str, packages: set[str]
) -> None:
    text = run_of(
        script, env="TOKEN: '${{ secrets.TOKEN }}'", head="strategy: {matrix: {lib: [a]}}"
    )
    found = found_in(text, LIBRARIES)
    assert found
    assert {name for each in found for name in each.packages} == packages
