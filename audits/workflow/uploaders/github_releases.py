"""Uploaders of GitHub Releases, goreleaser, Homebrew taps and downloads."""

from __future__ import annotations

from audits.model.registry import Registry
from audits.workflow.uploaders.uploader import DRY, SWITCH_ON, TRUE, Tokens, Uploader

_GITHUB = Tokens(
    inputs=("token", "repo-token", "repo_token", "github_token", "github-token", "gh-token"),
    env=("GH_TOKEN", "GITHUB_TOKEN"),
)
# Its configuration says which variables hold the tokens of taps, stores and images.
_GORELEASER = Tokens(inputs=_GITHUB.inputs, env=_GITHUB.env, any_secret=True)
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

_TAP = Tokens(
    inputs=(
        *("token", "github_token", "github-token", "homebrew_token", "repo_token", "tap_token"),
        *("homebrew-token", "tap-token", "gh-token", "access-token", "push-token"),
    ),
    env=(*Registry.HOMEBREW.info.token_variables, "GH_TOKEN", "GITHUB_TOKEN"),
    login_actions={"actions/checkout": ("token", "ssh-key")},
)
_SERVER = Tokens(
    inputs=("key", "password", "remote_key", "ssh_private_key", "ssh-private-key"),
    logins=("ssh-add", ".ssh/", "id_rsa", "id_ed25519"),
    login_actions={
        "webfactory/ssh-agent": ("ssh-private-key",),
        "shimataro/ssh-key-action": ("key",),
    },
    any_secret=True,
)
_CLOUD = Tokens(
    inputs=(
        *("aws-secret-access-key", "aws_secret_access_key", "r2-secret-access-key"),
        *("connection_string", "credentials", "aws_key", "secret_access_key", "apitoken"),
    ),
    env=(
        *("AWS_SECRET_ACCESS_KEY", "R2_SECRET_ACCESS_KEY", "CLOUDFLARE_API_TOKEN"),
        *("AZURE_STORAGE_KEY", "AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_SAS_TOKEN"),
        *("RCLONE_CONFIG_*SECRET*", "RCLONE_CONFIG_*KEY", "B2_APPLICATION_KEY", "MC_HOST_*"),
        *("GOOGLE_APPLICATION_CREDENTIALS", "S3_SECRET*", "DO_SPACES_SECRET*"),
    ),
    logins=("aws configure", "gcloud auth", "az login", "rclone config", ".s3cfg", "mc alias"),
    login_actions={
        "aws-actions/configure-aws-credentials": ("aws-secret-access-key",),
        "google-github-actions/auth": ("credentials_json",),
        "azure/login": ("creds",),
    },
    minted_by=(
        "aws-actions/configure-aws-credentials",
        "google-github-actions/auth",
        "azure/login",
    ),
)

GITHUB_BY_TOOL = Uploader(
    mechanism="semantic-release",
    registry=Registry.GITHUB_RELEASE,
    tokens=_GITHUB,
)
"""What tools that publish a package and make a release do where they have no way to publish the
package.
"""

RELEASES: tuple[Uploader, ...] = (
    Uploader(
        mechanism="goreleaser",
        registry=Registry.GORELEASER,
        commands=("goreleaser",),
        dry=_GORELEASER_DRY | frozenset(_GORELEASER_OTHER),
        tokens=_GORELEASER,
    ),
    Uploader(
        mechanism="goreleaser workflow",
        registry=Registry.GORELEASER,
        actions=(
            "charmbracelet/meta/.github/workflows/goreleaser.yml",
            "charmbracelet/meta/.github/workflows/nightly.yml",
        ),
        tokens=Tokens(
            inputs=("docker_token", "gh_pat", "fury_token", "goreleaser_key", "snapcraft_token")
        ),
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
        mechanism="gh release",
        registry=Registry.GITHUB_RELEASE,
        commands=("gh release edit",),
        value_options=frozenset({"-R", "--repo"}),
        needs_words=("--draft=false",),
        tokens=_GITHUB,
    ),
    Uploader(
        mechanism="gh api",
        registry=Registry.GITHUB_RELEASE,
        commands=("gh api",),
        word_pattern=r"/?repos/\S+/releases",
        needs_words=("tag_name=",),
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
            "anton-yurchenko/git-release",
            "comnoco/create-release-action",
            "elgohr/github-release-action",
            "houseabsolute/actions-rust-release",
            "joutvhu/create-release",
            "juliaregistries/tagbot",
            "meedamian/github-release",
            "wangyoucao577/go-release-action",
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
        mechanism="github-script",
        registry=Registry.GITHUB_RELEASE,
        actions=("actions/github-script",),
        # A draft without files is nothing that anybody can download.
        input_patterns={
            "script": (
                r"\.createRelease\s*\((?![^)]{0,600}\bdraft\b(?![\"']?\s*:\s*false))|\.uploadReleaseAsset\s*\("
                r"|\.updateRelease\s*\([^)]{0,600}\bdraft[\"']?\s*:\s*false|POST /repos/\S{1,100}/releases\b"
            )
        },
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
        # It drafts by default, and a draft is no release yet.
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
    Uploader(
        mechanism="dist host",
        registry=Registry.GITHUB_RELEASE,
        commands=("dist host", "cargo dist host", "cargo-dist host"),
        needs_words=("release", "upload"),
        tokens=_GITHUB,
    ),
    Uploader(
        mechanism="release command",
        registry=Registry.GITHUB_RELEASE,
        commands=("hub release create", "ghr", "electron-forge publish"),
        tokens=_GITHUB,
    ),
    Uploader(
        mechanism="electron-builder",
        registry=Registry.GITHUB_RELEASE,
        commands=("electron-builder",),
        # https://www.electron.build/publish
        needs_words=("always", "onTag"),
        tokens=_GITHUB,
    ),
    Uploader(
        mechanism="tauri-apps/tauri-action",
        registry=Registry.GITHUB_RELEASE,
        actions=("tauri-apps/tauri-action",),
        needs={"tagname": (), "releaseid": ()},
        tokens=_GITHUB,
    ),
    Uploader(
        mechanism="Homebrew action",
        registry=Registry.HOMEBREW,
        actions=(
            "dawidd6/action-homebrew-bump-formula",
            "mislav/bump-homebrew-formula-action",
            "justintime50/homebrew-releaser",
            "macauley/action-homebrew-bump-cask",
            "eugenesvk/action-homebrew-bump-cask",
            "nshipster/update-homebrew-formula-action",
        ),
        stops={**SWITCH_ON, "skip_commit": TRUE},
        tokens=_TAP,
    ),
    Uploader(
        mechanism="brew bump",
        registry=Registry.HOMEBREW,
        commands=("brew bump-formula-pr", "brew bump-cask-pr", "brew bump"),
        dry=DRY | {"-n"},
        tokens=_TAP,
    ),
    Uploader(
        mechanism="push to a Homebrew tap",
        registry=Registry.HOMEBREW,
        commands=("git push",),
        value_options=frozenset({"-C", "-c", "--git-dir", "--work-tree"}),
        checkout_of=r"[^/\s]+/homebrew-[\w.-]+",
        tokens=_TAP,
    ),
    Uploader(
        mechanism="push to a Homebrew tap",
        registry=Registry.HOMEBREW,
        actions=(
            "cpina/github-action-push-to-another-repository",
            "nkoppel/push-files-to-another-repository",
            "dmnemec/copy_file_to_another_repo_action",
            "ad-m/github-push-action",
        ),
        needs={
            "destination-repository-name": ("homebrew-",),
            "destination-repository": ("/homebrew-",),
            "destination_repo": ("/homebrew-",),
            "repository": ("/homebrew-",),
        },
        tokens=Tokens(
            inputs=_TAP.inputs,
            env=("API_TOKEN_GITHUB", "SSH_DEPLOY_KEY", *_TAP.env),
        ),
    ),
    Uploader(
        mechanism="dispatch to a Homebrew tap",
        registry=Registry.HOMEBREW,
        actions=("peter-evans/repository-dispatch",),
        needs={"repository": ("/homebrew-",)},
        tokens=_TAP,
    ),
    Uploader(
        mechanism="dispatch to a Homebrew tap",
        registry=Registry.HOMEBREW,
        commands=("gh workflow run",),
        needs_words=("/homebrew-",),
        value_options=frozenset({"-R", "--repo"}),
        tokens=_TAP,
    ),
    Uploader(
        mechanism="push to a Homebrew tap",
        registry=Registry.HOMEBREW,
        commands=("gh api",),
        word_pattern=(
            r"/?repos/[^/\s]+/homebrew-[\w.-]+/"
            r"(?:contents/\S+|dispatches|actions/workflows/[^/\s]+/dispatches|git/refs\S*)"
        ),
        needs_words=("PUT", "POST", "PATCH", "content=", "event_type=", "ref=", "--input"),
        tokens=_TAP,
    ),
    Uploader(
        mechanism="copy to storage",
        registry=Registry.DOWNLOADS,
        commands=(
            *("aws s3 cp", "aws s3 sync", "aws s3 mv", "aws s3api put-object"),
            *("gsutil cp", "gsutil rsync", "gcloud storage cp", "gcloud storage rsync"),
            *("az storage blob upload", "az storage blob upload-batch", "az storage blob sync"),
            *("azcopy copy", "azcopy cp", "azcopy sync", "s3cmd put", "s3cmd sync"),
            *("rclone copy", "rclone copyto", "rclone sync", "wrangler r2 object put"),
            *("mc cp", "mc mirror", "s5cmd cp", "s5cmd sync", "b2 upload-file", "b2 sync"),
        ),
        copies_builds=True,
        tokens=_CLOUD,
    ),
    Uploader(
        mechanism="copy to a server",
        registry=Registry.DOWNLOADS,
        commands=("rsync", "scp"),
        copies_builds=True,
        tokens=_SERVER,
    ),
    Uploader(
        mechanism="copy to a server",
        registry=Registry.DOWNLOADS,
        actions=(
            "appleboy/scp-action",
            "burnett01/rsync-deployments",
            "easingthemes/ssh-deploy",
            "contention/rsync-deployments",
            "samkirkland/ftp-deploy-action",
            "wlixcc/sftp-deploy-action",
        ),
        copies_builds=True,
        tokens=_SERVER,
    ),
    Uploader(
        mechanism="storage action",
        registry=Registry.DOWNLOADS,
        actions=(
            "google-github-actions/upload-cloud-storage",
            "jakejarvis/s3-sync-action",
            "shallwefootball/s3-upload-action",
            "shallwefootball/upload-s3-action",
            "ryand56/r2-upload-action",
            "bacongobbler/azure-blob-storage-upload",
        ),
        copies_builds=True,
        tokens=_CLOUD,
    ),
)
"""Every uploader of this module."""
