"""Where publications go, what they hold, and whether they come with attestations."""

from __future__ import annotations

import pytest

from tests.workflow.publish.uploads import found_in, job_of, run_of, the_one

PUBLISH = "pypa/gh-action-pypi-publish@release/v1"
TEST_URL = "https://test.index.example/legacy/"
FILES = {
    "pyproject.toml": """
[project]
name = "lumen"
[[tool.uv.index]]
name = "orchard"
publish-url = "https://packages.orchard.example/upload"
[[tool.uv.index]]
name = "rehearsal"
publish-url = "https://test.index.example/legacy/"
"""
}


@pytest.mark.parametrize(
    ("script", "env", "channel"),
    [
        ("twine upload dist/*", "", "production"),
        ("twine upload -r testpypi dist/*", "", "test"),
        ("twine upload --repository=pypi dist/*", "", "production"),
        ("twine upload -r orchard dist/*", "", "private"),
        (f"twine upload --repository-url {TEST_URL} dist/*", "", "test"),
        ("twine upload --repository-url https://upload.index.example/legacy/ x", "", "production"),
        ("twine upload --repository-url https://orchard.example/ x", "", "private"),
        ("twine upload --repository-url ${{ inputs.url }} x", "", "unknown"),
        ("twine upload --repository-url https://orchard.example/${{ inputs.x }} x", "", "private"),
        ("twine upload --repository-url $URL x", f"URL: '{TEST_URL}'", "test"),
        ("twine upload --repository-url $URL x", "", "unknown"),
        ("twine upload x", f"TWINE_REPOSITORY_URL: '{TEST_URL}'", "test"),
        ("twine upload x", "TWINE_REPOSITORY: testpypi", "test"),
        ("TWINE_REPOSITORY=testpypi twine upload x", "", "test"),
        ("export TWINE_REPOSITORY=testpypi\ntwine upload x", "", "test"),
        (f"uv publish --publish-url {TEST_URL}", "", "test"),
        ("uv publish --index orchard", "", "private"),
        ("uv publish --index rehearsal", "", "test"),
        ("uv publish", f"UV_PUBLISH_URL: '{TEST_URL}'", "test"),
        ("hatch publish -r test", "", "test"),
        ("hatch publish -r main", "", "production"),
        (f"hatch publish -r {TEST_URL}", "", "test"),
        ("flit publish --repository testpypi", "", "test"),
        ("poetry publish -r test-pypi", "", "test"),
        ("pdm publish -r testpypi", "", "test"),
        ("maturin upload -r testpypi x", "", "test"),
        ("npm publish --registry https://registry.npmjs.example", "", "production"),
        ("npm publish --registry https://npm.orchard.example", "", "private"),
        ("npm publish", "NPM_CONFIG_REGISTRY: 'https://npm.pkg.github.example'", "private"),
        ("npx pkg-pr-new publish './packages/*'", "", "test"),
        ("pnpx pkg-pr-new@0.0.9 publish --compact", "", "test"),
        ("cargo publish --registry orchard", "", "private"),
        ("cargo publish --registry crates-io", "", "production"),
        ("gem push x.gem --host https://gems.orchard.example", "", "private"),
        ("dotnet nuget push x -s https://api.nuget.example/v3/index.json", "", "production"),
        (
            "dotnet nuget push x -s https://nuget.pkg.github.example/orchard-labs/index.json",
            "",
            "private",
        ),
        (
            "mvn deploy -DaltDeploymentRepository=corp::https://maven.orchard.example/releases",
            "",
            "private",
        ),
        (
            "mvn deploy -DaltDeploymentRepository=c::default::https://m.orchard.example/x",
            "",
            "private",
        ),
        ("conan upload lumen/1.0 -r orchard", "", "private"),
        ("docker push orchard/lumen:1", "", "production"),
        ("docker push ghcr.example/orchard-labs/lumen", "", "production"),
        ("docker push 1.dkr.ecr.eu.amazonaws.example/lumen", "", "private"),
        ("docker push $REGISTRY/lumen", "", "production"),
        ("anaconda upload x", "", "production"),
        ("anaconda -t $T upload -l main x", "", "production"),
        ("anaconda upload --label dev x", "", "test"),
        ("anaconda upload --label=rc1 x", "", "test"),
        ("anaconda upload -c lumen_dev x", "", "test"),
        ("anaconda upload --label dev --label main x", "", "production"),
        ("anaconda upload --label dev --label nightly x", "", "test"),
        ("anaconda upload --label harbour x", "", "unknown"),
        ("anaconda upload --label $LABEL x", "LABEL: dev", "test"),
        ("anaconda upload --label ${{ inputs.label }} x", "", "unknown"),
        ("anaconda upload -u orchard-dev x", "", "production"),
        ("anaconda upload --user orchard-wheels-nightly x", "", "test"),
        ("anaconda -s https://anaconda.orchard.example upload -l dev x", "", "private"),
        ("anaconda -s https://anaconda.example upload -l dev x", "", "test"),
        ("rattler-build upload anaconda -o orchard -c dev x", "", "test"),
        ("rattler-build upload anaconda -o orchard x", "", "production"),
    ],
)
def test_channels_of_commands(script: str, env: str, channel: str) -> None:
    assert the_one(run_of(script, env=env), FILES).channel == channel


@pytest.mark.parametrize(
    ("inputs", "head", "channel"),
    [
        ("{}", "", "production"),
        (f"{{repository-url: '{TEST_URL}'}}", "", "test"),
        (f"{{repository_url: '{TEST_URL}'}}", "", "test"),
        ("{repository-url: 'https://orchard.example/upload'}", "", "private"),
        ("{repository-url: '${{ vars.URL }}'}", "", "unknown"),
        ("{repository-url: '${{ env.URL }}'}", f"env: {{URL: '{TEST_URL}'}}", "test"),
        (
            "{repository-url: '${{ matrix.url }}'}",
            f"strategy: {{matrix: {{url: ['{TEST_URL}']}}}}",
            "test",
        ),
        (
            "{repository-url: '${{ matrix.url }}'}",
            f"strategy: {{matrix: {{url: ['{TEST_URL}', 'https://index.example/legacy/']}}}}",
            "unknown",
        ),
    ],
)
def test_channels_of_actions(inputs: str, head: str, channel: str) -> None:
    assert the_one(job_of(f"- uses: {PUBLISH}\n  with: {inputs}\n", head=head)).channel == channel


@pytest.mark.parametrize(
    ("inputs", "channel"),
    [
        ("", "test"),
        ("anaconda_nightly_upload_labels: main", "test"),
        ("anaconda_nightly_upload_organization: orchard", "production"),
        (
            "anaconda_nightly_upload_organization: orchard, anaconda_nightly_upload_labels: 'dev,test'",
            "test",
        ),
        (
            "anaconda_nightly_upload_organization: orchard, anaconda_nightly_upload_labels: 'dev,main'",
            "production",
        ),
        ("anaconda_nightly_upload_organization: '${{ vars.ORG }}'", "production"),
    ],
)
def test_channels_of_nightly_wheels(inputs: str, channel: str) -> None:
    uses = "- uses: scientific-python/upload-nightly-action@0.6.2\n  with: "
    token = "anaconda_nightly_upload_token: '${{ secrets.T }}'"
    found = the_one(job_of(f"{uses}{{{token}{', ' * bool(inputs)}{inputs}}}\n"))
    assert found.channel == channel


@pytest.mark.parametrize(
    ("account", "channel"), [("orchard-canary", "test"), ("orchard", "unknown")]
)
def test_channels_of_canaries(account: str, channel: str) -> None:
    uses = "- uses: conda/actions/canary-release@v26\n  with: "
    given = f"anaconda-org-channel: {account}, anaconda-org-label: '${{{{ env.LABEL }}}}'"
    assert the_one(job_of(f"{uses}{{{given}}}\n")).channel == channel


def test_the_registry_that_a_setup_step_chose() -> None:
    steps = (
        "- uses: actions/setup-node@v4\n  with: {registry-url: 'https://npm.pkg.github.example'}\n"
    )
    assert the_one(job_of(steps + "- run: npm publish")).channel == "private"


TWO = {
    "pyproject.toml": '[project]\nname = "lumen"',
    "sub/pyproject.toml": '[project]\nname = "lumen-sub"',
    "Cargo.toml": '[package]\nname = "lumen"',
}


@pytest.mark.parametrize(
    ("steps", "head", "packages"),
    [
        ("- run: uv publish", "", ()),
        ("- uses: actions/checkout@v4\n- run: uv publish", "", ("lumen",)),
        ("- run: uv publish\n  working-directory: sub", "", ("lumen-sub",)),
        ("- run: |\n    cd sub\n    uv publish", "", ("lumen-sub",)),
        ("- run: uv --directory sub publish", "", ("lumen-sub",)),
        ("- run: twine upload sub/dist/*", "", ("lumen-sub",)),
        ("- run: cargo publish", "", ("lumen",)),
        ("- run: cargo publish -p lumen", "", ("lumen",)),
        (f"- uses: {PUBLISH}\n  with: {{packages-dir: sub/dist}}", "", ("lumen-sub",)),
        (
            f"- uses: {PUBLISH}\n  with: {{packages-dir: '${{{{ matrix.d }}}}/dist'}}",
            "strategy: {matrix: {d: [sub, .]}}",
            ("lumen-sub", "lumen"),
        ),
        (f"- uses: {PUBLISH}\n  with: {{packages-dir: artifacts}}", "", ()),
        (
            f"- uses: {PUBLISH}\n  with: {{packages-dir: artifacts}}",
            "environment: {name: pypi, url: 'https://index.example/p/lumen_sub/'}",
            ("lumen-sub",),
        ),
        ("- run: docker push lumen", "", ()),
    ],
)
def test_packages_of_a_repository_with_two(
    steps: str, head: str, packages: tuple[str, ...]
) -> None:
    assert the_one(job_of(steps, head=head), TWO).packages == packages


def test_the_only_name_is_the_one() -> None:
    steps = f"- uses: {PUBLISH}\n  with: {{packages-dir: artifacts}}"
    assert the_one(job_of(steps), FILES).packages == ("lumen",)
    assert the_one(job_of(steps)).packages == ()


def test_a_job_that_builds_may_have_renamed_the_package() -> None:
    page = "environment: {name: pypi, url: 'https://index.example/p/lumen-lite'}"
    upload = f"- uses: {PUBLISH}\n"
    assert the_one(job_of("- run: ./rename\n" + upload, head=page), FILES).packages == (
        "lumen-lite",
    )
    assert the_one(job_of(upload, head=page), FILES).packages == ("lumen",)


@pytest.mark.parametrize(
    ("uses", "inputs", "attests"),
    [
        (PUBLISH, "", True),
        (PUBLISH, "attestations: false", False),
        ("pypa/gh-action-pypi-publish@v1.10.3", "", False),
        ("pypa/gh-action-pypi-publish@v1.11.0", "", True),
        ("pypa/gh-action-pypi-publish@v1", "", True),
        (f"pypa/gh-action-pypi-publish@{'a' * 40} # v1.12.4", "", True),
        (f"pypa/gh-action-pypi-publish@{'a' * 40} # v1.8.14", "", False),
        (f"pypa/gh-action-pypi-publish@{'a' * 40}", "", None),
        ("jupyter-server/jupyter_releaser/.github/actions/finalize-release@v2", "", None),
    ],
)
def test_attestations(uses: str, inputs: str, attests: bool | None) -> None:
    steps = f"- uses: {uses}\n" + (f"  with: {{{inputs}}}\n" if inputs else "")
    assert the_one(job_of(steps)).attests is attests


def test_attestations_of_commands() -> None:
    assert the_one(run_of("twine upload dist/*")).attests is False
    assert the_one(run_of("twine upload --attestations dist/*")).attests is True
    assert the_one(run_of("uv publish")).attests is False
    steps = "- uses: astral-sh/attest-action@v1\n- run: uv publish\n"
    assert the_one(job_of(steps)).attests is True
    assert the_one(job_of(f"{steps.strip()} --no-attestations")).attests is False
    assert the_one(run_of("npm publish")).attests is True


@pytest.mark.parametrize(
    "script",
    [
        "sed -i 's/lumen/lumen-lite/' pyproject.toml",
        "yq -i '.project.name = \"lumen-lite\"' pyproject.toml",
        "mv pyproject.lite.toml pyproject.toml",
    ],
)
def test_a_script_that_renames_the_package_leaves_the_name_open(script: str) -> None:
    steps = f"- run: |\n    {script}\n- uses: {PUBLISH}\n"
    assert the_one(job_of(steps), FILES).packages == ()
    page = "environment: {name: pypi, url: 'https://index.example/project/lumen-lite/'}"
    assert the_one(job_of(steps, head=page), FILES).packages == ("lumen-lite",)


@pytest.mark.parametrize(
    "script",
    ["sed -i 's/^version.*/version = \"2\"/' pyproject.toml", "cat pyproject.toml", "mv a b"],
)
def test_a_script_that_changes_anything_else_does_not(script: str) -> None:
    steps = f"- run: |\n    {script}\n- uses: {PUBLISH}\n"
    assert the_one(job_of(steps), FILES).packages == ("lumen",)


@pytest.mark.parametrize(
    ("place", "count"),
    [
        ("./feed", 0),
        ("$GITHUB_WORKSPACE/feed", 0),
        ("C:\\\\feed", 0),
        ("/srv/feed", 0),
        ("feed", 1),
        ("https://feed.example/v3", 1),
    ],
)
def test_a_folder_is_no_registry(place: str, count: int) -> None:
    assert len(found_in(run_of(f"dotnet nuget push out/x.nupkg -s {place}"))) == count
