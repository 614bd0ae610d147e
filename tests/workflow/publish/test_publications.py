"""Which steps publish, and which only look so."""

from __future__ import annotations

import pytest

from tests.workflow.publish.uploads import RELEASE, found_in, job_of, run_of, the_one

SHA = "0123456789abcdef0123456789abcdef01234567"

COMMANDS = [
    ("twine upload dist/*", "pypi", "twine upload"),
    ("python -m twine upload dist/*", "pypi", "twine upload"),
    ("uv run --with twine twine upload dist/*", "pypi", "twine upload"),
    ("sudo /opt/bin/twine upload dist/*", "pypi", "twine upload"),
    ('bash -c "twine upload dist/*"', "pypi", "twine upload"),
    ("uv publish", "pypi", "uv publish"),
    ("pipx run uv publish", "pypi", "uv publish"),
    ("uv --directory sub publish", "pypi", "uv publish"),
    ("hatch publish", "pypi", "hatch publish"),
    ("hatch -e ship publish", "pypi", "hatch publish"),
    ("flit publish", "pypi", "flit publish"),
    ("python -m flit publish", "pypi", "flit publish"),
    ("poetry publish --build", "pypi", "poetry publish"),
    ("poetry -C sub publish", "pypi", "poetry publish"),
    ("pdm publish --no-build", "pypi", "pdm publish"),
    ("maturin publish", "pypi", "maturin publish"),
    ("maturin upload dist/*", "pypi", "maturin publish"),
    ("rye publish", "pypi", "rye publish"),
    ("python setup.py sdist bdist_wheel upload", "pypi", "setup.py upload"),
    ("./setup.py upload -r pypi", "pypi", "setup.py upload"),
    ("npm publish --access public", "npm", "npm publish"),
    ("pnpm -r publish", "npm", "npm publish"),
    ("pnpm --filter lumen publish", "npm", "npm publish"),
    ("yarn npm publish", "npm", "npm publish"),
    ("yarn workspace lumen publish", "npm", "npm publish"),
    ("bunx npm publish", "npm", "npm publish"),
    ("bun publish", "npm", "bun publish"),
    ("npx changeset publish", "npm", "lerna publish"),
    ("npx lerna publish from-git", "npm", "lerna publish"),
    ("cargo publish", "crates", "cargo publish"),
    ("cargo +nightly publish -p lumen", "crates", "cargo publish"),
    ("cargo release --execute", "crates", "cargo release"),
    ("release-plz release", "crates", "release-plz release"),
    ("gem push lumen-1.gem", "rubygems", "gem push"),
    ("bundle exec gem push pkg/*.gem", "rubygems", "gem push"),
    ("dotnet nuget push out/*.nupkg", "nuget", "dotnet nuget push"),
    ("docker push orchard/lumen", "container", "docker push"),
    ("docker compose push", "container", "docker push"),
    ("podman push lumen", "container", "docker push"),
    ("docker buildx build --push -t orchard/lumen .", "container", "docker buildx build"),
    ("docker buildx build -o type=registry .", "container", "docker buildx build"),
    ("docker buildx bake --push", "container", "docker buildx build"),
    ("docker buildx imagetools create -t a b", "container", "docker buildx imagetools create"),
    ("crane copy a b", "container", "crane copy"),
    ("skopeo copy docker://a/b docker://c/d", "container", "skopeo copy"),
    ("ko build ./cmd/lumen", "container", "ko build"),
    ("anaconda -t $T upload lumen.conda", "anaconda", "anaconda upload"),
    ("goreleaser release --clean", "goreleaser", "goreleaser"),
    ("goreleaser", "goreleaser", "goreleaser"),
    ("gh release create v1 dist/*", "github-release", "gh release"),
    ("gh release create --draft v1 dist/*", "github-release", "gh release"),
    ("gh -R orchard-labs/lumen release upload v1 dist/*", "github-release", "gh release"),
    ("if true; then\n  gh release create v1\nfi", "github-release", "gh release"),
    ("gh release edit v1 --draft=false --latest", "github-release", "gh release"),
    ("gh api repos/orchard-labs/lumen/releases -f tag_name=v1", "github-release", "gh api"),
    ("gcloud builds submit --tag gcr.example/orchard/lumen", "container", "gcloud builds submit"),
    ("lein deploy clojars", "maven", "lein deploy"),
    ("iex 'gh release create v1 x.zip'", "github-release", "gh release"),
    ("Invoke-Expression -Command 'npm publish'", "npm", "npm publish"),
    ("gsutil -m cp dist/*.whl gs://orchard-downloads/x/", "downloads", "copy to storage"),
    ("gcloud storage cp dist/* gs://orchard-releases/", "downloads", "copy to storage"),
    ("rsync -avz dist/*.whl ci@dl.orchard.example:/srv/x/", "downloads", "copy to a server"),
    ("rsync -e 'ssh -i k' out/*.deb dl.orchard.example::apt", "downloads", "copy to a server"),
    ("scp -i key dist/lumen.tar.gz ci@dl.orchard.example:/srv/", "downloads", "copy to a server"),
]


@pytest.mark.parametrize(("script", "registry", "mechanism"), COMMANDS)
def test_commands_that_publish(script: str, registry: str, mechanism: str) -> None:
    found = the_one(run_of(script))
    assert (found.registry, found.mechanism, found.step) == (registry, mechanism, 0)
    assert found.channel == "production"
    assert not found.indirect


@pytest.mark.parametrize(
    "script",
    [
        "twine check dist/*",
        "twine upload --help",
        "echo twine upload dist/*",
        "cat <<EOF\ntwine upload\nEOF",
        "uv publish --dry-run",
        "uv build && uv version",
        "poetry publish --dry-run",
        "npm run publish",
        "npm publish --dry-run",
        "npm pack",
        "cargo publish --dry-run",
        "cargo publish -n",
        "cargo release",
        "cargo release --execute --no-publish",
        "python setup.py sdist",
        "python setup.py upload_docs",
        "docker build -t lumen .",
        "docker buildx build --push=false .",
        "docker buildx build -o type=docker .",
        "docker buildx imagetools inspect a",
        "docker buildx imagetools create --dry-run -t a b",
        "skopeo copy docker://a/b oci:c",
        "skopeo inspect docker://a",
        "ko build --local ./cmd",
        "goreleaser build",
        "goreleaser check",
        "goreleaser release --snapshot",
        "goreleaser release --skip=publish",
        "gh release view v1",
        "gh release edit v1 --notes x",
        "gh api repos/orchard-labs/lumen/releases --jq .[0].tag_name",
        "gcloud builds list",
        "lein test",
        "gh release create --draft --title x --notes-file n.md v1",
        "gem build lumen.gemspec",
        "dotnet nuget add source x",
        "tox -e release",
        "make release",
        "git push --tags",
        "semantic-release publish",
        "anaconda show lumen",
        "publish-test-results out",
        "iex 'npm test'",
        "gsutil -m rsync -r docs/_build/html gs://orchard-web/",
        "gcloud storage cp -r site/* gs://orchard-docs/",
        "gsutil cp gs://orchard-releases/dist/x.whl dist/",
        "rsync -avz docs/_build/html/ ci@orchard.example:/var/www/docs/",
        "rsync -a dist/ out/",
        "rsync -av ci@orchard.example:/srv/dist/x.whl dist/",
        "scp dist/x.whl C:backup",
        "scp report.html ci@orchard.example:/srv/",
    ],
)
def test_commands_that_do_not(script: str) -> None:
    assert found_in(run_of(script)) == ()


ACTIONS = [
    ("pypa/gh-action-pypi-publish@release/v1", "", "pypi"),
    (f"pypa/gh-action-pypi-publish@{SHA}", "", "pypi"),
    ("PyO3/maturin-action@v1", "{command: upload, args: dist/*}", "pypi"),
    ("PyO3/maturin-action@v1", "{command: publish}", "pypi"),
    ("jupyter-server/jupyter_releaser/.github/actions/finalize-release@v2", "", "pypi"),
    ("jupyter-server/jupyter-releaser/.github/actions/finalize-release@v2", "", "pypi"),
    (
        "python-semantic-release/python-semantic-release@v7.34.6",
        "{pypi_token: '${{ secrets.T }}'}",
        "pypi",
    ),
    ("python-semantic-release/python-semantic-release@v9", "", "github-release"),
    ("aio-libs/create-release@v1.6.6", "", "github-release"),
    ("changesets/action@v1", "{publish: npm run release}", "npm"),
    ("JS-DevTools/npm-publish@v3", "{token: '${{ secrets.T }}'}", "npm"),
    ("actions-rs/cargo@v1", "{command: publish}", "crates"),
    ("release-plz/action@v0.5", "", "crates"),
    ("release-plz/action@v0.5", "{command: release}", "crates"),
    ("appleboy/scp-action@v1", "{source: 'dist/*.whl', target: /srv/simple}", "downloads"),
    ("burnett01/rsync-deployments@v7", "{path: dist/, remote_path: /srv/releases}", "downloads"),
    ("katyo/publish-crates@v2", "", "crates"),
    ("rubygems/release-gem@v1", "", "rubygems"),
    ("docker/build-push-action@v6", "{push: true}", "container"),
    ("docker/build-push-action@v6", "{push: '${{ github.ref == 1 }}'}", "container"),
    ("docker/build-push-action@v6", "{outputs: 'type=image,push=true'}", "container"),
    ("docker/bake-action@v5", "{push: true}", "container"),
    ("scientific-python/upload-nightly-action@0.6", "", "anaconda"),
    ("goreleaser/goreleaser-action@v6", "{args: release --clean}", "goreleaser"),
    ("goreleaser/goreleaser-action@v6", "", "goreleaser"),
    ("softprops/action-gh-release@v2", "", "github-release"),
    ("softprops/action-gh-release@v2", "{draft: true, files: dist/*}", "github-release"),
    ("ncipollo/release-action@v1", "", "github-release"),
    ("svenstaro/upload-release-action@v2", "", "github-release"),
    ("release-drafter/release-drafter@v6", "{publish: true}", "github-release"),
]


@pytest.mark.parametrize(("uses", "inputs", "registry"), ACTIONS)
def test_actions_that_publish(uses: str, inputs: str, registry: str) -> None:
    found = the_one(job_of(f"- uses: {uses}\n" + (f"  with: {inputs}\n" if inputs else "")))
    assert (found.registry, found.step) == (registry, 0)
    assert found.action is not None
    assert found.at.line == 9


@pytest.mark.parametrize(
    ("uses", "inputs"),
    [
        ("docker/build-push-action@v6", ""),
        ("docker/build-push-action@v6", "{push: false}"),
        ("appleboy/scp-action@v1", "{source: site, target: /var/www}"),
        ("burnett01/rsync-deployments@v7", "{path: public/, remote_path: /var/www}"),
        ("docker/build-push-action@v6", "{outputs: 'type=docker,dest=x.tar'}"),
        ("docker/bake-action@v5", "{push: 'false'}"),
        ("goreleaser/goreleaser-action@v6", "{args: release --snapshot --clean}"),
        ("goreleaser/goreleaser-action@v6", "{args: check}"),
        ("goreleaser/goreleaser-action@v6", "{install-only: true}"),
        ("PyO3/maturin-action@v1", "{command: build}"),
        ("PyO3/maturin-action@v1", ""),
        ("release-plz/action@v0.5", "{command: release-pr}"),
        ("changesets/action@v1", ""),
        ("jupyter-server/jupyter_releaser/.github/actions/finalize-release@v2", "{dry_run: true}"),
        ("softprops/action-gh-release@v2", "{draft: true}"),
        ("release-drafter/release-drafter@v6", ""),
        ("EnricoMi/publish-unit-test-result-action@v2", ""),
        ("actions/upload-artifact@v4", ""),
        ("pypa/gh-action-pypi-publish-fork@v1", ""),
    ],
)
def test_actions_that_do_not(uses: str, inputs: str) -> None:
    assert found_in(job_of(f"- uses: {uses}\n" + (f"  with: {inputs}\n" if inputs else ""))) == ()


def test_a_script_given_to_an_action_is_read_like_one() -> None:
    steps = (
        "- uses: nick-fields/retry@v3\n  with: {max_attempts: 3, command: 'twine upload dist/*'}"
    )
    found = the_one(job_of(steps))
    assert (found.mechanism, found.at.line) == ("twine upload", 10)


def test_what_is_switched_off_or_out_of_reach_does_not_publish() -> None:
    upload = "- uses: pypa/gh-action-pypi-publish@release/v1\n"
    assert found_in(job_of(upload + "  if: false\n")) == ()
    assert found_in(job_of(upload, head="if: ${{ false }}")) == ()
    assert found_in(job_of(upload + "  if: github.event_name == 'release'\n")) == ()
    assert found_in(job_of(upload, head="if: github.event_name == 'release'")) == ()
    assert len(found_in(job_of(upload + "  if: github.event_name == 'push'\n"))) == 1
    assert len(found_in(job_of(upload + "  if: needs.x.outputs.y\n"))) == 1


def test_a_workflow_for_callers_elsewhere_can_meet_any_event() -> None:
    text = """
on: [workflow_call]
jobs:
  publish:
    runs-on: ubuntu-latest
    if: github.event_name == 'release'
    steps: [{run: twine upload}]
"""
    assert len(found_in(text)) == 1
    caller = "on: push\njobs: {call: {uses: ./.github/workflows/release.yml}}"
    assert found_in({RELEASE: text, ".github/workflows/ci.yml": caller}) == ()


def test_two_commands_of_one_step_are_one_publication_and_two_channels_are_two() -> None:
    once = the_one(run_of("docker push a:1\ndocker push a:2"))
    assert once.at.line == 10
    found = found_in(run_of("twine upload -r testpypi dist/*\ntwine upload dist/*"))
    assert [(p.channel, p.at.line) for p in found] == [("test", 10), ("production", 11)]


def test_publications_come_in_the_order_of_steps() -> None:
    steps = "- run: cargo publish\n- uses: pypa/gh-action-pypi-publish@v1\n- run: npm publish\n"
    assert [p.step for p in found_in(job_of(steps))] == [0, 1, 2]


def test_the_keys_of_a_publication() -> None:
    found = the_one(job_of("- run: 'true'\n- run: twine upload", head="environment: pypi"))
    assert found.key == f"{RELEASE}:publish:1"
    assert found.environment is not None
    assert found.environment.name.value == "pypi"
    assert found.source_step is found.job.steps[1]
    assert found.publisher_workflows == (RELEASE,)


GITHUB = "github.rest.repos."


@pytest.mark.parametrize(
    ("script", "count"),
    [
        (f"await {GITHUB}createRelease({{...context.repo, tag_name: 'v1'}})", 1),
        (f"await {GITHUB}createRelease({{draft: false, tag_name: 'v1'}})", 1),
        (f"await {GITHUB}createRelease({{tag_name: 'v1', \"draft\": false}})", 1),
        (f"await {GITHUB}updateRelease({{release_id: 1, 'draft' : false}})", 1),
        (f"await {GITHUB}uploadReleaseAsset({{data}})", 1),
        (f"await {GITHUB}createRelease({{tag_name: 'v1', draft: true}})", 0),
        (f"const draft = true; await {GITHUB}createRelease({{tag_name, draft}})", 0),
        (f"await {GITHUB}listReleases(${{{{ github.run_id }}}})", 0),
    ],
)
def test_a_script_of_github_may_release(script: str, count: int) -> None:
    steps = f"- uses: actions/github-script@v9\n  with:\n    script: |\n      {script}\n"
    found = found_in(job_of(steps, permissions="contents: write"))
    assert [each.mechanism for each in found] == ["github-script"] * count


@pytest.mark.parametrize(
    ("shell", "script"),
    [
        ("python", "import subprocess\nsubprocess.run(['twine', 'upload', 'dist/x'], check=True)"),
        ("node {0}", "require('child_process').execSync('twine upload dist/x')"),
        ("ruby {0}", "puts 1\nsystem('twine upload dist/x')"),
    ],
)
def test_a_script_in_another_language_uploads(shell: str, script: str) -> None:
    lines = "\n".join(f"    {line}" for line in script.splitlines())
    found = the_one(job_of(f"- shell: {shell}\n  run: |\n{lines}\n"))
    assert (found.mechanism, found.at.path) == ("twine upload", RELEASE)
    only_says = lines.replace("run(", "print(").replace("execSync", "log").replace("system", "puts")
    assert found_in(job_of(f"- shell: {shell}\n  run: |\n{only_says}\n")) == ()


@pytest.mark.parametrize(
    ("args", "count"), [("release --clean", 1), ("release --snapshot", 0), ("check", 0)]
)
def test_an_image_that_a_step_uses_uploads(args: str, count: int) -> None:
    steps = f"- uses: docker://goreleaser/goreleaser:v2\n  with: {{args: {args}}}\n"
    assert len(found_in(job_of(steps))) == count


@pytest.mark.parametrize(
    ("script", "count"),
    [
        ("docker run --rm -e TWINE_PASSWORD python sh -c 'pip list && twine upload dist/x'", 1),
        ("docker run quay.io/skopeo/stable copy docker-archive:a docker://grove.example/a", 1),
        ("docker run -v .:/w python pytest", 0),
        ("docker run node npm publish --dry-run", 0),
    ],
)
def test_a_container_uploads(script: str, count: int) -> None:
    assert len(found_in(run_of(script))) == count


@pytest.mark.parametrize(
    ("script", "count"),
    [
        ('F=""\nif [ "$X" ]; then F=--dry-run; fi\ncargo publish $F', 1),
        ("F=--dry-run\ncargo publish $F", 0),
    ],
)
def test_an_option_that_a_branch_sets_is_not_sure(script: str, count: int) -> None:
    assert len(found_in(run_of(script))) == count
