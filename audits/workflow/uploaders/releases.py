"""Uploaders of Anaconda, goreleaser and GitHub Releases."""

from __future__ import annotations

from audits.model.registry import Registry
from audits.workflow.uploaders.uploader import DRY, SWITCH_ON, TRUE, Target, Tokens, Uploader

_ANACONDA = Tokens(
    inputs=("anaconda_nightly_upload_token", "anaconda-token", "anaconda_token", "token"),
    env=("ANACONDA_API_TOKEN", "ANACONDA_TOKEN", "ANACONDA_API_KEY", "CONDA_TOKEN"),
    options=("-t", "--token", "-a", "--api-key"),
    logins=("anaconda login",),
)
_ANACONDA_VALUES = frozenset({"-t", "--token", "-s", "--site", "--config", "--at"})
_GITHUB = Tokens(
    inputs=("token", "repo-token", "repo_token", "github_token", "github-token", "gh-token"),
    env=("GH_TOKEN", "GITHUB_TOKEN"),
)
_GORELEASER_DRY = DRY | {
    "--snapshot",
    "--snapshot=true",
    "--skip=publish",
    "--skip-publish",
    "--skip-publish=true",
    "--prepare",
    "--version",
}
_GORELEASER_OTHER = ("build", "check", "healthcheck", "init", "completion", "jsonschema", "help")

RELEASES: tuple[Uploader, ...] = (
    Uploader(
        mechanism="scientific-python/upload-nightly-action",
        registry=Registry.ANACONDA,
        actions=("scientific-python/upload-nightly-action",),
        tokens=_ANACONDA,
        target=Target(
            label_inputs=("anaconda_nightly_upload_labels",),
            account_inputs=("anaconda_nightly_upload_organization",),
            account="scientific-python-nightly-wheels",
        ),
    ),
    Uploader(
        mechanism="anaconda upload",
        registry=Registry.ANACONDA,
        commands=("anaconda upload", "binstar upload"),
        value_options=_ANACONDA_VALUES,
        tokens=_ANACONDA,
        target=Target(
            url_options=("-s", "--site"),
            label_options=("-l", "--label", "-c", "--channel"),
            account_options=("-u", "--user"),
        ),
    ),
    Uploader(
        mechanism="anaconda upload",
        registry=Registry.ANACONDA,
        commands=("rattler-build upload anaconda",),
        value_options=_ANACONDA_VALUES,
        tokens=_ANACONDA,
        target=Target(
            url_options=("-u", "--url"),
            label_options=("-c", "--channel"),
            account_options=("-o", "--owner"),
        ),
    ),
    Uploader(
        mechanism="conda publishing action",
        registry=Registry.ANACONDA,
        actions=(
            "maxibor/conda-package-publish-action",
            "m0nhawk/conda-package-publish-action",
            "uibcdf/action-build-and-upload-conda-packages",
        ),
        stops=SWITCH_ON,
        tokens=_ANACONDA,
    ),
    Uploader(
        mechanism="goreleaser",
        registry=Registry.GORELEASER,
        commands=("goreleaser",),
        dry=_GORELEASER_DRY | frozenset(_GORELEASER_OTHER),
        tokens=_GITHUB,
    ),
    Uploader(
        mechanism="gh release",
        registry=Registry.GITHUB_RELEASE,
        commands=("gh release create", "gh release upload"),
        value_options=frozenset({"-R", "--repo"}),
        draft_values=frozenset(
            {"-R", "--repo", "-t", "--title", "-n", "--notes", "-F", "--notes-file", "--target"}
            | {"--discussion-category", "--notes-start-tag"}
        ),
        tokens=_GITHUB,
    ),
    Uploader(
        mechanism="softprops/action-gh-release",
        registry=Registry.GITHUB_RELEASE,
        actions=("softprops/action-gh-release",),
        tokens=_GITHUB,
    ),
    Uploader(
        mechanism="ncipollo/release-action",
        registry=Registry.GITHUB_RELEASE,
        actions=("ncipollo/release-action",),
        tokens=_GITHUB,
    ),
    Uploader(
        mechanism="release action",
        registry=Registry.GITHUB_RELEASE,
        actions=(
            "actions/create-release",
            "actions/upload-release-asset",
            "aio-libs/create-release",
            "abutler/upload-release-assets",
            "houseabsolute/actions-rust-release",
            "marvinpinto/action-automatic-releases",
            "shogo82148/actions-upload-release-asset",
            "svenstaro/upload-release-action",
            "taiki-e/create-gh-release-action",
            "taiki-e/upload-rust-binary-action",
            "xresloader/upload-to-github-release",
        ),
        stops=SWITCH_ON,
        tokens=_GITHUB,
    ),
    Uploader(
        mechanism="release-please",
        registry=Registry.GITHUB_RELEASE,
        actions=("googleapis/release-please-action", "google-github-actions/release-please-action"),
        stops={"skip-github-release": TRUE, "command": ("release-pr",)},
        tokens=_GITHUB,
    ),
    Uploader(
        mechanism="release-drafter",
        registry=Registry.GITHUB_RELEASE,
        # It drafts unless told otherwise, and a draft is no release yet.
        actions=("release-drafter/release-drafter",),
        needs={"publish": TRUE},
        tokens=_GITHUB,
    ),
    Uploader(
        mechanism="python-semantic-release",
        registry=Registry.GITHUB_RELEASE,
        actions=("python-semantic-release/python-semantic-release",),
        since="8",
        stops={"vcs_release": ("false",), "no_operation_mode": TRUE},
        tokens=_GITHUB,
    ),
    Uploader(
        mechanism="python-semantic-release/publish-action",
        registry=Registry.GITHUB_RELEASE,
        actions=(
            "python-semantic-release/publish-action",
            "python-semantic-release/upload-to-gh-release",
        ),
        tokens=_GITHUB,
    ),
    Uploader(
        mechanism="slsa-framework/slsa-github-generator",
        registry=Registry.GITHUB_RELEASE,
        actions=(
            "slsa-framework/slsa-github-generator/.github/workflows/builder_go_slsa3.yml",
            "slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml",
        ),
        needs={"upload-assets": TRUE},
        tokens=_GITHUB,
    ),
)
"""All of this page."""
