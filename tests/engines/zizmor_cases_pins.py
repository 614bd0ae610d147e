"""Invented workflows for the rules on pins, images, permissions and checkouts."""

from __future__ import annotations

from tests.engines.zizmor_cases import CHECKOUT, PIN, UPLOAD, Case, workflow

_PINS_RULE = "unpinned-uses"
_PINS_CALLED = "  call:\n    name: Call\n    permissions: {}\n    uses: "
_PINS_COMPOSITE = (
    "name: Set up\ndescription: Sets up.\nruns:\n  using: composite\n  steps:\n"
    f"    - uses: actions/setup-python@v5\n    - uses: actions/setup-node@{PIN}\n"
)
_PINS_SLSA = (
    "slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml@v2.1.0"
)
_PINS: tuple[Case, ...] = (
    Case(
        rule=_PINS_RULE,
        name="tag, branch, short and long commits",
        agrees=5,
        text=workflow(
            f"- uses: orchard-labs/peel@v1\n- uses: orchard-labs/peel@main\n"
            f"- uses: orchard-labs/peel@{PIN[:7]}\n- uses: orchard-labs/peel@{PIN}0\n"
            f"- uses: orchard-labs/peel@{PIN.upper()}\n- uses: pypa/gh-action-pypi-publish@release/v1"
        ),
    ),
    Case(
        rule=_PINS_RULE,
        name="sub-paths, own files and images",
        agrees=2,
        text=workflow(
            "- uses: orchard-labs/tools/peel@v1\n- uses: $/.github/actions/setup\n"
            f"- uses: 'Orchard-Labs/Peel@v1'\n{UPLOAD}"
        ),
    ),
    Case(
        rule=_PINS_RULE,
        name="a called workflow",
        agrees=1,
        text=workflow(
            UPLOAD, more=f"{_PINS_CALLED}orchard-labs/ci/.github/workflows/build.yml@v3\n"
        ),
    ),
    Case(
        rule=_PINS_RULE,
        name="the SLSA generator",
        agrees=0,
        text=workflow(UPLOAD, more=f"{_PINS_CALLED}{_PINS_SLSA} ## zizmor=slsa\n"),
    ),
    Case(
        rule=_PINS_RULE,
        name="a composite action",
        agrees=1,
        text=workflow(f"- uses: ./.github/actions/setup\n{UPLOAD}"),
        files={".github/actions/setup/action.yml": _PINS_COMPOSITE},
    ),
    Case(
        rule=_PINS_RULE,
        name="steps and jobs that never run",
        agrees=1,
        text=workflow(
            f"- uses: orchard-labs/peel@v1\n  if: false\n{UPLOAD}\n- if: ${{{{ true }}}}\n"
            "  uses: orchard-labs/peel@v1",
            more="  never:\n    name: Never\n    if: ${{ false }}\n    permissions: {}\n"
            "    runs-on: ubuntu-latest\n    steps:\n      - uses: orchard-labs/peel@v1\n",
        ),
    ),
    Case(
        rule=_PINS_RULE,
        name="an anchor",
        agrees=1,
        text=workflow(f"- &first\n  uses: orchard-labs/peel@v1\n- *first\n{UPLOAD}"),
    ),
)


_IMAGES_RULE = "unpinned-images"
_IMAGES_DIGEST = "sha256:" + "ab" * 32
_IMAGES_COMPOSITE = (
    "name: Peel\ndescription: Peels.\nruns:\n  using: composite\n  steps:\n"
    "    - uses: docker://alpine:3.20 ## ours=composite-image\n"
)
_IMAGES_DOCKER = (
    "name: Core\ndescription: Cores.\nruns:\n  using: docker\n  image: docker://alpine\n"
)
_IMAGES_SERVICES = (
    f"environment: pypi\ncontainer: python:3.12\nservices:\n  db:\n    image: postgres\n"
    f"  cache:\n    image: redis:latest\n  queue:\n    image: rabbitmq@{_IMAGES_DIGEST}"
)
_IMAGES_MATRIX = (
    "environment: pypi\nstrategy:\n  matrix:\n    image: ['python:3.12']\n"
    "container:\n  image: ${{ matrix.image }}"
)
_IMAGES: tuple[Case, ...] = (
    Case(
        rule=_IMAGES_RULE,
        name="container and services",
        agrees=3,
        text=workflow(UPLOAD, job=_IMAGES_SERVICES),
    ),
    Case(
        rule=_IMAGES_RULE,
        name="steps",
        agrees=2,
        text=workflow(
            f"- uses: docker://alpine:3.20\n- uses: docker://alpine\n"
            f"- uses: docker://alpine@{_IMAGES_DIGEST}\n{UPLOAD}"
        ),
    ),
    Case(rule=_IMAGES_RULE, name="the matrix", agrees=1, text=workflow(UPLOAD, job=_IMAGES_MATRIX)),
    Case(
        rule=_IMAGES_RULE,
        name="an expression",
        agrees=0,
        text=workflow(
            UPLOAD,
            job="environment: pypi\ncontainer: ${{ inputs.image }} ## zizmor=opaque-image",
        ),
    ),
    Case(
        rule=_IMAGES_RULE,
        name="a composite action",
        agrees=0,
        text=workflow(f"- uses: ./.github/actions/peel\n{UPLOAD}"),
        files={".github/actions/peel/action.yml": _IMAGES_COMPOSITE},
    ),
    Case(
        rule=_IMAGES_RULE,
        name="an action that is an image",
        agrees=1,
        text=workflow(f"- uses: ./.github/actions/core\n{UPLOAD}"),
        files={".github/actions/core/action.yml": _IMAGES_DOCKER},
    ),
)


_PERMISSIONS_RULE = "excessive-permissions"
_PERMISSIONS_TWO = (
    "  other:\n    name: Other\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n"
)
_PERMISSIONS_OWN = _PERMISSIONS_TWO.replace("    runs-on", "    permissions: {}\n    runs-on")
_PERMISSIONS: tuple[Case, ...] = (
    Case(
        rule=_PERMISSIONS_RULE,
        name="nothing said, two jobs",
        agrees=3,
        text=workflow(UPLOAD, top="run-name: x", more=_PERMISSIONS_TWO),
    ),
    Case(
        rule=_PERMISSIONS_RULE,
        name="nothing said, one job",
        agrees=1,
        text=workflow(UPLOAD, top="run-name: x").replace(
            "name: Release", "name: Release ## zizmor=missing-at-top"
        ),
    ),
    Case(
        rule=_PERMISSIONS_RULE,
        name="each job says",
        agrees=0,
        text=workflow(
            UPLOAD,
            top="run-name: x",
            job="permissions: {id-token: write}",
            more=_PERMISSIONS_OWN,
        ).replace("name: Release", "name: Release ## zizmor=missing-at-top"),
    ),
    Case(
        rule=_PERMISSIONS_RULE,
        name="write-all at the top",
        agrees=1,
        text=workflow(UPLOAD, top="permissions: write-all", more=_PERMISSIONS_TWO),
    ),
    Case(
        rule=_PERMISSIONS_RULE,
        name="read-all at the top",
        agrees=1,
        text=workflow(UPLOAD, top="permissions: read-all", more=_PERMISSIONS_TWO),
    ),
    Case(
        rule=_PERMISSIONS_RULE,
        name="write scopes that jobs share",
        agrees=2,
        text=workflow(
            UPLOAD,
            top="permissions:\n  contents: write\n  models: read\n  packages: write",
            more=_PERMISSIONS_TWO,
        ),
    ),
    Case(
        rule=_PERMISSIONS_RULE,
        name="a write scope of one job that does not use it",
        agrees=1,
        text=workflow(UPLOAD, top="permissions:\n  contents: write", more=_PERMISSIONS_OWN),
    ),
    Case(
        rule=_PERMISSIONS_RULE,
        name="a write scope of one job that uses it",
        agrees=0,
        text=workflow(
            f"- uses: softprops/action-gh-release@{PIN}\n{UPLOAD}",
            top="permissions:\n  contents: write ## zizmor=one-job-relies",
            more=_PERMISSIONS_OWN,
        ),
    ),
    Case(
        rule=_PERMISSIONS_RULE,
        name="write-all in a job",
        agrees=1,
        text=workflow(UPLOAD, job="permissions: write-all"),
    ),
    Case(
        rule=_PERMISSIONS_RULE,
        name="read-all in a job",
        agrees=0,
        text=workflow(UPLOAD, job="permissions: read-all ## zizmor=read-all-job"),
    ),
    Case(
        rule=_PERMISSIONS_RULE,
        name="a write scope that nothing uses",
        agrees=0,
        text=workflow(
            UPLOAD, job="permissions:\n  id-token: write\n  issues: write ## ours=unused-scope"
        ),
    ),
    Case(
        rule=_PERMISSIONS_RULE,
        name="an identity for the build",
        agrees=0,
        text=workflow(
            UPLOAD,
            job="needs: build\npermissions: {id-token: write}",
            more="  build:\n    name: Build\n"
            "    permissions:\n      id-token: write ## ours=identity-in-job\n    runs-on: ubuntu-latest\n    steps:\n"
            f"      {CHECKOUT}\n      - run: make\n",
        ),
    ),
    Case(
        rule=_PERMISSIONS_RULE,
        name="a workflow that is only called",
        agrees=0,
        text=workflow(UPLOAD, on="workflow_call", top="run-name: x")
        .replace("name: Release", "name: Release ## zizmor=called-permissions")
        .replace("  publish:", "  publish: ## zizmor=called-permissions"),
    ),
    Case(
        rule=_PERMISSIONS_RULE,
        name="nothing at all is granted",
        agrees=0,
        text=workflow(UPLOAD, more=_PERMISSIONS_TWO),
    ),
)


_CHECKOUTS_RULE = "artipacked"
_CHECKOUTS_UPLOAD = f"- uses: actions/upload-artifact@{PIN} # v4.6.2\n  with:\n    path: "
_CHECKOUTS: tuple[Case, ...] = (
    Case(
        rule=_CHECKOUTS_RULE,
        name="as it comes",
        agrees=3,
        text=workflow(
            f"{CHECKOUT}\n- name: Again\n  uses: actions/checkout@v6\n"
            f"{CHECKOUT}\n  with: {{persist-credentials: 'False'}}\n"
            f"{CHECKOUT}\n  with: {{persist-credentials: false}}\n"
            f"{CHECKOUT}\n  with: {{persist-credentials: 'false'}}\n{UPLOAD}"
        ),
    ),
    Case(
        rule=_CHECKOUTS_RULE,
        name="true and expressions",
        agrees=1,
        text=workflow(
            f"{CHECKOUT}\n  with: {{persist-credentials: true}}\n"
            f"{CHECKOUT} ## zizmor=chosen-credentials\n  with: {{persist-credentials: '${{{{ inputs.keep }}}}'}}\n{UPLOAD}"
        ),
    ),
    Case(
        rule=_CHECKOUTS_RULE,
        name="the workspace is uploaded",
        agrees=1,
        text=workflow(
            f"{CHECKOUT}\n{_CHECKOUTS_UPLOAD}.\n{CHECKOUT} ## ours=late-checkout\n{UPLOAD}"
        ),
    ),
    Case(
        rule=_CHECKOUTS_RULE,
        name="a folder is uploaded",
        agrees=1,
        text=workflow(f"{CHECKOUT}\n{_CHECKOUTS_UPLOAD}dist\n{UPLOAD}"),
    ),
)


CASES = (*_PINS, *_IMAGES, *_PERMISSIONS, *_CHECKOUTS)
