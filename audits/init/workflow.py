"""Writes the release workflow of one package: a job that builds, and one that only publishes.

It is the lesson's finished workflow with the recipe of the package's own build tool: no right at
the top, the least rights for each job, actions at commits, nothing persisted, nothing cached,
and a publishing job that downloads, uploads, and runs no code of the project.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from audits.init.names import yaml_text
from audits.init.pins import (
    BUILD,
    DOTNET,
    MATURIN,
    NODE,
    PYTHON,
    RUBY,
    RUNNER,
    TWINE,
    uses,
)
from audits.init.project import Project, Recipe
from audits.model.registry import Registry

RETENTION_DAYS = 7
"""How long the package waits for the approval of its release."""

_HISTORY = "fetch-depth: 0 # all tags: the version may be made from them"
_SYSTEMS = (RUNNER, "ubuntu-24.04-arm", "windows-2025", "macos-15", "macos-15-intel")
_TARGETS = (
    (RUNNER, "x86_64"),
    ("ubuntu-24.04-arm", "aarch64"),
    ("windows-2025", "x64"),
    ("macos-15", "aarch64"),
    ("macos-15-intel", "x86_64"),
)

Lines = tuple[str, ...]


class ReleaseShape(Struct, frozen=True, kw_only=True):
    """What a workflow is written for: its package, the environment of its releases with the
    page that is shown on each, and the start of the tags that release it ("" for all).
    """

    project: Project
    environment: str
    page: str
    tag_prefix: str = ""
    staged: bool = True


def release_workflow(shape: ReleaseShape) -> str:
    """The text of the workflow, whose lines end in a line feed."""
    project = shape.project
    name = f"Release {project.name}" if shape.tag_prefix else "Release"
    head: Lines = (
        f"name: {name}",
        "",
        "on:",
        "  release:",
        "    types:",
        "      - published",
        "",
        "permissions: {} # each job asks for what it needs",
        "",
        "concurrency:",
        "  group: ${{ github.workflow }}-${{ github.ref }}",
        "  cancel-in-progress: false",
        "",
        "jobs:",
    )
    jobs = [*_building(shape), _publishing(shape)]
    lines = [*head]
    for number, job in enumerate(jobs):
        lines += ["", *job] if number else job
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _building(shape: ReleaseShape) -> list[Lines]:
    project = shape.project
    if project.recipe in {Recipe.WHEELS, Recipe.MATURIN}:
        return [_sdist(shape), _wheels(shape)]
    steps = {
        Recipe.PYTHON: _python_steps,
        Recipe.NPM: _npm_steps,
        Recipe.CRATE: _crate_steps,
        Recipe.GEM: _gem_steps,
        Recipe.NUGET: _nuget_steps,
    }[project.recipe](project)
    return [_job(shape, "build", f"Build {project.name}", (*_checkout(project), *steps))]


def _job(
    shape: ReleaseShape, key: str, name: str, steps: Sequence[str], matrix: Sequence[str] = ()
) -> Lines:
    """A job that may read the repository and nothing else."""
    condition: Lines = ()
    if shape.tag_prefix:
        condition = (f"    if: startsWith(github.event.release.tag_name, '{shape.tag_prefix}')",)
    return (
        f"  {key}:",
        f"    name: {name}",
        *condition,
        *_runner(matrix),
        "    permissions:",
        "      contents: read # to check out",
        "    steps:",
        *_indented(steps),
    )


def _runner(matrix: Sequence[str]) -> Lines:
    if not matrix:
        return (f"    runs-on: {RUNNER}", "    timeout-minutes: 30")
    return (
        "    runs-on: ${{ matrix.os }}",
        "    timeout-minutes: 90",
        "    strategy:",
        "      matrix:",
        *(f"        {line}" for line in matrix),
    )


def _indented(lines: Sequence[str]) -> Lines:
    return tuple(f"      {line}" for line in lines)


def _step(title: str, /, *lines: str, **inputs: str) -> Lines:
    """A step by its name and further lines; ``inputs`` are those of ``with:``, with a dash for
    each underscore.
    """
    given = [f"    {key.replace('_', '-')}: {value}" for key, value in inputs.items()]
    below = [f"  {line}" for line in lines]
    return (f"- name: {title}", *below, *(["  with:", *given] if given else []))


def _action(title: str, action: str, /, *lines: str, **inputs: str) -> Lines:
    return _step(title, *lines, f"uses: {uses(action)}", **inputs)


def _run(name: str, *commands: str, folder: str = "", before: Sequence[str] = ()) -> Lines:
    """A step that runs commands, in a folder where one is given."""
    where = (f"working-directory: {folder}",) if folder not in {"", "."} else ()
    if len(commands) == 1:
        return _step(name, *before, *where, f"run: {commands[0]}")
    return _step(name, *before, *where, "run: |", *(f"  {command}" for command in commands))


def _checkout(project: Project) -> Lines:
    inputs = {"persist_credentials": "false"}
    if project.submodules:
        inputs["submodules"] = "true"
    lines = _action("Check out", "actions/checkout", **inputs)
    return (*lines, f"    {_HISTORY}") if project.version.needs_history else lines


def _hand_on(name: str, path: str) -> Lines:
    return _action(
        "Hand the package on",
        "actions/upload-artifact",
        name=name,
        path=path,
        if_no_files_found="error",
        retention_days=str(RETENTION_DAYS),
    )


def _take(path: str, *, several: bool = False) -> Lines:
    which = {"pattern": "dist-*", "merge_multiple": "true"} if several else {"name": "dist"}
    return _action("Take the package over", "actions/download-artifact", **which, path=path)


# --- Python -------------------------------------------------------------------------------------


def _set_up_python() -> Lines:
    return _action("Set up Python", "actions/setup-python", python_version=f'"{PYTHON}"')


def _twine_check(project: Project) -> str:
    strict = " --strict" if project.has_readme else ""
    return f"python -m twine check{strict} dist/*"


def _python_steps(project: Project) -> Lines:
    return (
        *_set_up_python(),
        *_run(
            "Build",
            f"python -m pip install build=={BUILD} twine=={TWINE}",
            f"python -m build --outdir dist {project.folder}",
            _twine_check(project),
        ),
        *_hand_on("dist", "dist/"),
    )


def _sdist(shape: ReleaseShape) -> Lines:
    project = shape.project
    if project.recipe is Recipe.MATURIN:
        build = _maturin(project, "sdist", "")
        check = _run(
            "Check the description",
            f"python -m pip install twine=={TWINE}",
            _twine_check(project),
        )
        steps = (*build, *_set_up_python(), *check)
    else:
        steps = (
            *_set_up_python(),
            *_run(
                "Build",
                f"python -m pip install build=={BUILD} twine=={TWINE}",
                f"python -m build --sdist --outdir dist {project.folder}",
                _twine_check(project),
            ),
        )
    steps = (*_checkout(project), *steps, *_hand_on("dist-sdist", "dist/"))
    return _job(shape, "sdist", f"Build the source distribution of {project.name}", steps)


def _wheels(shape: ReleaseShape) -> Lines:
    project = shape.project
    name = f"Build wheels of {project.name} on ${{{{ matrix.os }}}}"
    if project.recipe is Recipe.MATURIN:
        build = _maturin(project, "build", "--release --find-interpreter")
        matrix = [
            "include:",
            *(f"  - {{ os: {system}, target: {target} }}" for system, target in _TARGETS),
        ]
        hand = _hand_on("dist-wheels-${{ matrix.os }}", "dist/")
        steps = (*_checkout(project), *_set_up_python(), *build, *hand)
        return _job(shape, "wheels", name, steps, matrix)
    inputs = {"output_dir": "wheelhouse"}
    if project.directory:
        inputs = {"package_dir": project.folder, **inputs}
    build = _action("Build", "pypa/cibuildwheel", **inputs)
    hand = _hand_on("dist-wheels-${{ matrix.os }}", "wheelhouse/*.whl")
    matrix = [f"os: [{', '.join(_SYSTEMS)}]"]
    return _job(shape, "wheels", name, (*_checkout(project), *build, *hand), matrix)


def _maturin(project: Project, command: str, options: str) -> Lines:
    up = "../" * len(project.directory.split("/")) if project.directory else ""
    locked = "--locked " if project.locked and command == "build" else ""
    args = f"{locked}{options} --out {up}dist".strip()
    inputs = {"command": command, "args": args, "maturin_version": f"v{MATURIN}"}
    if command == "build":
        inputs |= {"target": "${{ matrix.target }}", "manylinux": "auto"}
    if project.directory:
        inputs["working_directory"] = project.folder
    return _action("Build", "PyO3/maturin-action", **inputs, sccache='"false"')


# --- other registries ---------------------------------------------------------------------------


def _npm_steps(project: Project) -> Lines:
    if project.toolchain:
        which = {"node_version_file": project.toolchain}
    else:
        which = {"node_version": f'"{NODE}"'}
    *before, pack = project.build
    folder = project.folder
    built = _run("Build", *before, folder=folder) if before else ()
    path = f"{project.directory}/*.tgz" if project.directory else "*.tgz"
    return (
        *_action("Set up Node.js", "actions/setup-node", **which, package_manager_cache="false"),
        *built,
        *_run("Pack", pack, folder=folder),
        *_hand_on("dist", f'"{path}"'),
    )


def _crate_steps(project: Project) -> Lines:
    command = f"cargo package{' --locked' if project.locked else ''} --package {project.name}"
    return _run("Package, and compile what is packaged", command, folder=project.folder)


def _gem_steps(project: Project) -> Lines:
    version = '".ruby-version"' if project.toolchain == ".ruby-version" else f'"{RUBY}"'
    gemspec = project.metadata.rpartition("/")[2]
    up = "../" * len(project.directory.split("/")) if project.directory else ""
    return (
        *_action("Set up Ruby", "ruby/setup-ruby", ruby_version=version),
        *_run("Prepare a folder", "mkdir dist"),
        *_run(
            "Build",
            f"gem build {gemspec} --output {up}dist/{project.name}.gem",
            folder=project.folder,
        ),
        *_hand_on("dist", "dist/"),
    )


def _nuget_steps(project: Project) -> Lines:
    if project.toolchain:
        which = {"global_json_file": project.toolchain}
    else:
        which = {"dotnet_version": f'"{DOTNET}"'}
    locked = " -p:RestoreLockedMode=true" if project.locked else ""
    pack = f"dotnet pack ./{project.metadata} --configuration Release --output dist{locked}"
    return (
        *_action("Set up .NET", "actions/setup-dotnet", **which),
        *_run("Pack", pack),
        *_hand_on("dist", "dist/"),
    )


# --- publishing ---------------------------------------------------------------------------------


def _publishing(shape: ReleaseShape) -> Lines:
    project = shape.project
    checks_out = project.recipe is Recipe.CRATE
    several = project.recipe in {Recipe.WHEELS, Recipe.MATURIN}
    rights = ["      contents: read # to check out"] if checks_out else []
    steps = {
        Registry.PYPI: _to_pypi,
        Registry.NPM: _to_npm,
        Registry.CRATES: _to_crates,
        Registry.RUBYGEMS: _to_rubygems,
        Registry.NUGET: _to_nuget,
    }[project.registry](shape)
    return (
        "  publish:",
        f"    name: Publish {project.name}",
        f"    needs: [{'sdist, wheels' if several else 'build'}]",
        f"    runs-on: {RUNNER}",
        "    timeout-minutes: 30",
        "    environment:",
        f"      name: {yaml_text(shape.environment)}",
        f"      url: {shape.page}",
        "    permissions:",
        *rights,
        "      id-token: write # to publish with the workflow's own identity",
        "    steps:",
        *_indented(steps),
    )


def _to_pypi(shape: ReleaseShape) -> Lines:
    several = shape.project.recipe is not Recipe.PYTHON
    return (
        *_take("dist/", several=several),
        *_action("Publish", "pypa/gh-action-pypi-publish"),
    )


def _to_npm(shape: ReleaseShape) -> Lines:
    command = "npm stage publish" if shape.staged else "npm publish"
    name = "Stage for a maintainer's approval" if shape.staged else "Publish"
    node = _action(
        "Set up Node.js",
        "actions/setup-node",
        node_version=f'"{NODE}"',
        package_manager_cache="false",
    )
    return (*node, *_take("dist/"), *_run(name, f"{command} ./dist/*.tgz"))


def _to_crates(shape: ReleaseShape) -> Lines:
    project = shape.project
    locked = " --locked" if project.locked else ""
    # What is published was compiled by the job before; here nothing of it runs.
    command = f"cargo publish{locked} --no-verify --package {project.name}"
    return (
        *_checkout(project),
        *_action("Get a token for this run", "rust-lang/crates-io-auth-action", "id: login"),
        *_run(
            "Publish",
            command,
            folder=project.folder,
            before=("env:", "  CARGO_REGISTRY_TOKEN: ${{ steps.login.outputs.token }}"),
        ),
    )


def _to_rubygems(shape: ReleaseShape) -> Lines:
    action = "rubygems/configure-rubygems-credentials"
    return (
        *_take("dist/"),
        *_action("Get a key for this run", action),
        *_run("Publish", f"gem push dist/{shape.project.name}.gem"),
    )


def _to_nuget(shape: ReleaseShape) -> Lines:
    # The public instance by its name in every NuGet.Config.
    label = Registry.NUGET.info.word
    source = f"https://api.{label}.org/v3/index.json"
    return (
        *_take("dist/"),
        *_action(
            "Get a key for this run", "NuGet/login", "id: login", user="${{ vars.NUGET_USER }}"
        ),
        *_run(
            "Publish",
            f'dotnet nuget push "dist/*.nupkg" --api-key "$KEY" --source {source}',
            before=("env:", "  KEY: ${{ steps.login.outputs.NUGET_API_KEY }}"),
        ),
    )
