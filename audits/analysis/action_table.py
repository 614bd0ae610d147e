"""What actions of others do with a job's token, from their own documentation.

A row says which scopes an action can use at most, which of them only where an input asks for
them, whether it runs code of the project, and what it does with the credentials that a checkout
left behind. An action without a row is not known. Each row's source is the action's own page;
``anchor`` names the section that says it, where there is one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum

from msgspec import Struct, field

from audits.model.workflow import Level

Scopes = Mapping[str, Level]


class GitUse(Enum):
    """What a step does with the credentials that a checkout left behind."""

    NONE = "uses no remote"
    READS = "fetches"
    PUSHES = "pushes"
    MAY = "may do anything"


class KnownAction(Struct, frozen=True, kw_only=True):
    """One row. ``given`` are scopes that an action uses only where an input is given, by the
    input's name; ``is_scripted`` where an input is a script that may use the token for anything.
    ``after_login`` are scopes used only where an earlier step handed the token to a registry,
    which ``logs_in`` does without being asked. ``git_input`` is an input that makes it fetch, and
    ``run_input`` one that makes it run scripts of the project.
    """

    name: str
    scopes: Scopes = field(default_factory=dict)
    given: Mapping[str, Scopes] = field(default_factory=dict)
    after_login: Scopes = field(default_factory=dict)
    runs_code: bool = False
    git: GitUse = GitUse.NONE
    is_scripted: bool = False
    logs_in: bool = False
    git_input: str = ""
    run_input: str = ""
    anchor: str = "readme"

    @property
    def source(self) -> str:
        """The page that the row is from."""
        owner, repo, *path = self.name.split("/")
        below = f"/tree/HEAD/{'/'.join(path)}" if path else ""
        return f"https://github.com/{owner}/{repo}{below}#{self.anchor}"


def _scopes(text: str) -> Scopes:
    """``contents:write issues:read`` as a map."""
    return {scope: Level(level) for scope, _, level in (w.partition(":") for w in text.split())}


def _rows(
    names: str,
    scopes: str = "",
    *,
    given: Mapping[str, str] | None = None,
    after_login: str = "",
    runs_code: bool = False,
    git: GitUse = GitUse.NONE,
    is_scripted: bool = False,
    logs_in: bool = False,
    git_input: str = "",
    run_input: str = "",
    anchor: str = "readme",
) -> Iterator[KnownAction]:
    for name in names.split():
        yield KnownAction(
            name=name,
            scopes=_scopes(scopes),
            given={key: _scopes(text) for key, text in (given or {}).items()},
            after_login=_scopes(after_login),
            runs_code=runs_code,
            git=git,
            is_scripted=is_scripted,
            logs_in=logs_in,
            git_input=git_input,
            run_input=run_input,
            anchor=anchor,
        )


# They set something up, move files, or speak to others than GitHub. A token, where they take
# one, is used to be counted as somebody when GitHub is asked for releases: that takes no scope.
_WITHOUT_SCOPES = """
action-stars/install-tool-from-github-release actions-rs/toolchain actions-rust-lang/rustfmt
actions-rust-lang/setup-rust-toolchain actions/cache actions/cache/restore actions/cache/save
actions/create-github-app-token actions/setup-dotnet actions/setup-go
actions/setup-java actions/setup-node actions/setup-python actions/upload-artifact
actions/upload-artifact/merge actions/upload-pages-artifact al-cheb/configure-pagefile-action
anchore/sbom-action/download-syft anchore/scan-action andstor/file-existence-action
aquasecurity/setup-trivy arduino/setup-protoc arduino/setup-task astral-sh/ruff-action
astral-sh/setup-uv awalsh128/cache-apt-pkgs-action aws-actions/amazon-ecr-login azure/setup-helm
azure/setup-kubectl baptiste0928/cargo-install biomejs/setup-biome
brainsia/free-disk-space bufbuild/buf-setup-action cachix/cachix-action
cachix/install-nix-action carlosperate/arm-none-eabi-gcc-action charmbracelet/freeze-action
codespell-project/actions-codespell
conda-incubator/setup-miniconda conda/actions/read-file conda/actions/template-files
crate-ci/typos crazy-max/ghaction-github-runtime crazy-max/ghaction-import-gpg
crazy-max/ghaction-setup-docker davidanson/markdownlint-cli2-action dawidd6/action-send-mail
deadsnakes/action denoland/setup-deno depot/setup-action
docker/metadata-action docker/setup-buildx-action
docker/setup-compose-action docker/setup-docker-action docker/setup-qemu-action
dominikh/staticcheck-action dtolnay/rust-toolchain easimon/maximize-build-space
endersonmenezes/free-disk-space erlef/setup-beam extractions/setup-just falti/dotenv-action
fregante/setup-git-user gacts/install-hurl google-github-actions/get-secretmanager-secrets
google-github-actions/setup-gcloud goto-bus-stop/setup-zig
gradle/actions/wrapper-validation gradle/wrapper-validation-action hadolint/hadolint-action
hashicorp/setup-terraform haskell-actions/setup hecrj/setup-rust-action helm/kind-action
hendrikmuhs/ccache-action houseabsolute/actions-rust-cross hynek/setup-cached-uv
ibiqlik/action-yamllint ilammy/msvc-dev-cmd ilammy/setup-nasm ilshidur/action-discord
jaxxstorm/action-install-gh-release jdx/mise-action
jlumbroso/free-disk-space julia-actions/setup-julia
juliangruber/read-file-action jurplel/install-qt-action
leafo/gh-actions-lua ludeeus/action-shellcheck lukka/get-cmake lukka/run-vcpkg
mamba-org/setup-micromamba manusa/actions-setup-minikube medyagh/setup-minikube
microsoft/setup-msbuild mindsers/changelog-reader-action mlugg/setup-zig moonrepo/setup-rust
moonrepo/setup-toolchain mozgiii/install-ldid-action mozilla-actions/sccache-action
msys2/setup-msys2 mymindstorm/setup-emsdk nick-fields/assert-action
nixbuild/nix-quick-install-action nosborn/github-action-markdown-cli nttld/setup-ndk
nuget/setup-nuget ocaml/setup-ocaml open-policy-agent/setup-opa openharmony-rs/setup-ohos-sdk
oven-sh/setup-bun parcels-code/pixi-lock/create-and-cache parcels-code/pixi-lock/restore
pdm-project/setup-pdm peaceiris/actions-hugo peaceiris/actions-mdbook
prefix-dev/setup-pixi pulumi/setup-pulumi pypa/gh-action-pip-audit pypa/hatch
quarto-dev/quarto-actions/setup r-lib/actions/setup-pandoc r-lib/actions/setup-r
r-lib/actions/setup-r-dependencies r-lib/actions/setup-tinytex re-actors/alls-green
re-actors/cache-python-deps rhysd/actionlint rinchsan/renovate-config-validator
rojopolis/spellcheck-github-actions rtcamp/action-slack-notify ruby/setup-ruby
ruby/setup-ruby-pkgs rui314/setup-mold samuelcolvin/check-python-version sbt/setup-sbt
schneegans/dynamic-badges-action seanmiddleditch/gha-setup-ninja seemethere/upload-artifact-s3
shimataro/ssh-key-action shivammathur/setup-php shogo82148/actions-setup-perl
sigstore/cosign-installer slackapi/slack-github-action
slsa-framework/slsa-verifier/actions/installer snok/install-poetry step-security/harden-runner
styrainc/setup-regal subosito/flutter-action
suzuki-shunsuke/github-action-renovate-config-validator swatinem/rust-cache
swift-actions/setup-swift taiki-e/cache-cargo-install-action taiki-e/install-action
taiki-e/setup-cross-toolchain-action terraform-linters/setup-tflint
tombi-toml/setup-tombi trailofbits/gh-action-pip-audit tsickert/discord-webhook
webfactory/ssh-agent wyrihaximus/github-action-get-previous-tag
yezz123/setup-uv zizmorcore/setup-zizmor
"""

_RELEASE = "contents:write"
_COMMENTS = "issues:write pull-requests:write"
_ATTEST = "id-token:write attestations:write artifact-metadata:write contents:read packages:write"

_CONVERSATIONS = (
    "peter-evans/create-or-update-comment peter-evans/find-comment peter-evans/create-issue-from-file"
    " peter-evans/slash-command-dispatch marocchino/sticky-pull-request-comment"
    " thollander/actions-comment-pull-request mshick/add-pr-comment jasonetco/create-an-issue"
    " actions-cool/issues-helper actions-cool/maintain-one-comment aidan-mundy/react-to-issue"
    " actions-ecosystem/action-add-labels actions-ecosystem/action-remove-labels"
    " andymckay/labeler pascalgn/size-label-action codelytv/pr-size-labeler"
    " mheap/github-action-required-labels agilepathway/label-checker ludeeus/action-require-labels"
    " jesusvasquez333/verify-pr-label-action eps1lon/actions-label-merge-conflict"
    " pose/stale-issue-cleanup aws-actions/stale-issue-cleanup aws-actions/closed-issue-message"
    " tiangolo/issue-manager xarray-contrib/issue-from-pytest-log"
    " scientific-python/issue-from-pytest-log scientific-python/issue-from-pytest-log-action"
    " scientific-python/attach-next-milestone-action jupyterlab/maintainer-tools/.github/actions/enforce-label"
    " peakoss/anti-slop matteogabriele/agentscan-action endbug/label-sync micnncim/action-label-syncer"
    " crazy-max/ghaction-github-labeler toshimaru/auto-author-assign kentaro-m/auto-assign-action"
    " hmarr/auto-approve-action pozil/auto-assign-issue"
)
_RELEASERS = (
    "actions/create-release actions/upload-release-asset svenstaro/upload-release-action"
    " shogo82148/actions-upload-release-asset"
    " aio-libs/create-release alexellis/upload-assets"
    " actions-r-us/actions-tagger yyx990803/release-tag mathieudutour/github-tag-action"
    " elgohr/github-release-action marvinpinto/action-automatic-releases"
    " xresloader/upload-to-github-release skx/github-action-publish-binaries"
    " endbug/version-check joutvhu/create-release"
)
_PUSHERS = (
    "jamesives/github-pages-deploy-action stefanzweifel/git-auto-commit-action"
    " endbug/add-and-commit ad-m/github-push-action tiangolo/pr-push bluwy/auto-branch-sync-action"
    " helm/chart-releaser-action cycjimmy/semantic-release-action go-semantic-release/action"
    " python-semantic-release/python-semantic-release relekang/python-semantic-release"
    " codfish/semantic-release-action phips28/gh-action-bump-version commitizen-tools/commitizen-action"
    " losisin/helm-docs-github-action losisin/helm-values-schema-json-action"
    " devops-infra/action-commit-push github-actions-x/commit andstor/copycat-action"
)


def _all_rows() -> Iterator[KnownAction]:
    yield from _rows(_WITHOUT_SCOPES)
    yield from _of_github()
    yield from _of_scans()
    yield from _of_registries()
    yield from _of_releases()
    yield from _of_requests()
    yield from _of_jupyter()
    yield from _of_reports()
    yield from _of_measures()
    yield from _of_services()
    yield from _of_checks()
    yield from _of_faults()
    yield from _of_conversations()
    yield from _of_builds()


def _of_github() -> Iterator[KnownAction]:
    """GitHub's own, and what belongs to its pages and scans."""
    # https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps
    yield from _rows("actions/checkout re-actors/checkout-python-sdist", "contents:read")
    run = "actions:read"
    yield from _rows("actions/download-artifact", given={"run-id": run, "github-token": run})
    yield from _rows(
        "dawidd6/action-download-artifact", "actions:read pull-requests:read", anchor="usage"
    )
    yield from _rows("actions/jekyll-build-pages", "contents:read pages:read")
    attesters = "actions/attest actions/attest-build-provenance actions/attest-sbom"
    yield from _rows(attesters, _ATTEST, anchor="usage")
    yield from _rows("astral-sh/attest-action", "id-token:write", anchor="usage")
    yield from _rows(
        "actions/deploy-pages", "pages:write id-token:write", anchor="security-considerations"
    )
    yield from _rows("actions/configure-pages", "pages:write")
    yield from _rows("actions/github-script", is_scripted=True)
    yield from _rows(
        "actions/labeler", "contents:read " + _COMMENTS, anchor="recommended-permissions"
    )
    stale = "issues:write pull-requests:write actions:write"
    yield from _rows(
        "actions/stale", stale, given={"delete-branch": _RELEASE}, anchor="recommended-permissions"
    )
    yield from _rows("actions/first-interaction", _COMMENTS)
    yield from _rows("actions/add-to-project", anchor="usage")
    review = "contents:read"
    yield from _rows(
        "actions/dependency-review-action",
        review,
        given={"comment-summary-in-pr": "pull-requests:write"},
    )


def _of_scans() -> Iterator[KnownAction]:
    """Scans of code, of workflows and of what they depend on, and update bots."""
    codeql = "security-events:write contents:read actions:read packages:read"
    yield from _rows(
        "github/codeql-action/init github/codeql-action/analyze github/codeql-action/upload-sarif",
        codeql,
        anchor="usage",
    )
    yield from _rows("github/codeql-action/autobuild", codeql, runs_code=True, anchor="usage")
    yield from _rows("github/issue-labeler", "issues:write contents:read", anchor="usage")
    yield from _rows("github/combine-prs", "contents:write pull-requests:write checks:read")
    yield from _rows("github/accessibility-alt-text-bot", _COMMENTS + " discussions:write")
    yield from _rows(
        "github/super-linter super-linter/super-linter super-linter/super-linter/slim",
        "contents:read packages:read statuses:write",
    )
    scorecard = "security-events:write id-token:write contents:read actions:read issues:read pull-requests:read checks:read"
    yield from _rows("ossf/scorecard-action", scorecard, anchor="workflow-restrictions")
    yield from _rows(
        "zizmorcore/zizmor-action",
        "security-events:write contents:read actions:read",
        anchor="permissions",
    )
    yield from _rows("boostsecurityio/poutine-action", "contents:read")
    yield from _rows("step-security/wait-for-secrets", "id-token:write")
    yield from _rows(
        "dependabot/fetch-metadata", "pull-requests:read contents:read", anchor="usage-instructions"
    )
    yield from _rows("renovatebot/github-action", is_scripted=True)


def _of_registries() -> Iterator[KnownAction]:
    """Uploads, identities and logins."""
    identities = (
        "pypa/gh-action-pypi-publish rust-lang/crates-io-auth-action nuget/login"
        " rubygems/configure-rubygems-credentials google-github-actions/auth"
        " aws-actions/configure-aws-credentials azure/login pulumi/auth-actions pulumi/esc-action"
        " sigstore-conformance/extremely-dangerous-public-oidc-beacon"
    )
    yield from _rows(identities, "id-token:write")
    grafana = "login-to-gar dockerhub-login get-vault-secrets create-github-app-token login-to-gcs push-to-gcs"
    for name in grafana.split():
        yield from _rows(f"grafana/shared-workflows/actions/{name}", "id-token:write contents:read")
    yield from _of_image_registries()
    yield from _rows(
        "rubygems/release-gem", "id-token:write contents:write", runs_code=True, git=GitUse.PUSHES
    )
    sign = "id-token:write"
    yield from _rows(
        "sigstore/gh-action-sigstore-python", sign + " contents:write", anchor="permissions"
    )
    yield from _rows("scientific-python/upload-nightly-action")
    yield from _rows(
        "cloudflare/wrangler-action", given={"githubtoken": "deployments:write"}, runs_code=True
    )
    yield from _rows("aws-actions/aws-cloudformation-github-deploy azure/cli", runs_code=True)
    yield from _rows("fluxcd/flux2/action kubernetes-sigs/release-actions/setup-zeitgeist")


def _of_image_registries() -> Iterator[KnownAction]:
    """Images: built, uploaded, described."""
    images = "docker/build-push-action docker/bake-action depot/build-push-action depot/bake-action"
    yield from _rows(images, "contents:read", after_login="packages:write", runs_code=True)
    yield from _rows(
        "docker/bake-action/subaction/matrix docker/bake-action/subaction/list-targets"
    )
    yield from _rows(
        "redhat-actions/push-to-registry",
        given={"password": "packages:write"},
        after_login="packages:write",
    )
    # They log in to GitHub's registry with the job's token by themselves.
    yield from _rows("ko-build/setup-ko imjasonh/setup-ko imjasonh/setup-crane", logs_in=True)
    yield from _rows("redhat-actions/buildah-build", runs_code=True)
    yield from _rows(
        "christian-korneck/update-container-description-action peter-evans/dockerhub-description"
    )


def _of_releases() -> Iterator[KnownAction]:
    """Releases, tags, branches and pages."""
    yield from _rows(_RELEASERS, _RELEASE)
    yield from _rows("taiki-e/upload-rust-binary-action", _RELEASE, runs_code=True)
    yield from _rows("taiki-e/create-gh-release-action", _RELEASE, git_input="branch")
    # They push the tag through the checkout, by default or where an input says so.
    yield from _rows(
        "rickstaa/action-create-tag anothrnick/github-tag-action", _RELEASE, git=GitUse.PUSHES
    )
    discussed = {
        "discussion_category_name": "discussions:write",
        "discussioncategory": "discussions:write",
    }
    yield from _rows("softprops/action-gh-release", _RELEASE, given=discussed, anchor="permissions")
    yield from _rows("ncipollo/release-action", _RELEASE, given=discussed)
    drafter = "release-drafter/release-drafter release-drafter/release-drafter/autolabeler valentijnscholten/release-drafter"
    yield from _rows(drafter, _RELEASE + " pull-requests:write", anchor="usage")
    yield from _rows(
        "googleapis/release-please-action google-github-actions/release-please-action",
        "contents:write pull-requests:write issues:write",
        anchor="workflow-permissions",
    )
    pages = "peaceiris/actions-gh-pages crazy-max/ghaction-github-pages"
    yield from _rows(pages, _RELEASE)
    yield from _rows(_PUSHERS, "contents:write issues:write pull-requests:write", git=GitUse.PUSHES)


def _of_requests() -> Iterator[KnownAction]:
    """Pull requests and branches of bots."""
    requests = (
        "peter-evans/create-pull-request changesets/action release-plz/action tiangolo/pr-submit"
        " repo-sync/pull-request feelepxyz/dependabot-changesets"
    )
    yield from _rows(
        requests, "contents:write pull-requests:write", git=GitUse.PUSHES, anchor="token"
    )
    yield from _rows(
        "goreleaser/goreleaser-action",
        "contents:write id-token:write packages:write issues:write",
        runs_code=True,
        git=GitUse.MAY,
    )
    yield from _rows(
        "crowdin/github-action", "contents:write pull-requests:write", git=GitUse.PUSHES
    )
    yield from _rows(
        "fjogeleit/yaml-update-action", "contents:write pull-requests:write", git=GitUse.PUSHES
    )
    yield from _rows(
        "tibdex/backport korthout/backport-action sorenlouv/backport-github-action",
        "contents:write pull-requests:write issues:write",
        git=GitUse.PUSHES,
    )
    yield from _rows(
        "autofix-ci/action pre-commit-ci/lite-action", "contents:read", git=GitUse.READS
    )


def _of_jupyter() -> Iterator[KnownAction]:
    """Jupyter's releaser, in both spellings."""
    jupyter = "check-release prep-release populate-release finalize-release publish-changelog"
    for name in jupyter.split():
        for repo in ("jupyter_releaser", "jupyter-releaser"):
            yield from _rows(
                f"jupyter-server/{repo}/.github/actions/{name}",
                "contents:write pull-requests:write id-token:write",
                runs_code=True,
                git=GitUse.PUSHES,
            )


def _of_reports() -> Iterator[KnownAction]:
    """Coverage, tests, benchmarks and scans."""
    yield from _rows(
        "codspeedhq/action",
        "id-token:write contents:read",
        runs_code=True,
        git=GitUse.MAY,
        anchor="usage",
    )
    yield from _rows(
        "coverallsapp/github-action andremiras/coveralls-python-action", "contents:read"
    )
    yield from _rows("codacy/codacy-coverage-reporter-action codeclimate/action")
    tests = "checks:write pull-requests:write"
    yield from _rows(
        "enricomi/publish-unit-test-result-action enricomi/publish-unit-test-result-action/composite",
        tests + " contents:read issues:read",
        anchor="permissions",
    )
    yield from _rows(
        "mikepenz/action-junit-report dorny/test-reporter phoenix-actions/test-reporting",
        tests + " contents:read actions:read",
        anchor="usage",
    )


def _of_services() -> Iterator[KnownAction]:
    """Services that take the job's identity, or a comment, only where an input asks for it."""
    by_identity = {"use_oidc": "id-token:write", "use-oidc": "id-token:write"}
    yield from _rows(
        "codecov/codecov-action codecov/test-results-action", given=by_identity, anchor="using-oidc"
    )
    yield from _rows("docker/login-action docker/oidc-action", "id-token:write", anchor="usage")
    nix = "determinatesystems/nix-installer-action determinatesystems/magic-nix-cache-action"
    yield from _rows(nix, "id-token:write contents:read", anchor="usage")
    yield from _rows(
        "graalvm/setup-graalvm",
        given={
            "native-image-pr-reports": "pull-requests:write",
            "native-image-enable-sbom": "contents:write",
        },
    )
    yield from _rows("julia-actions/cache", "actions:write", anchor="usage")
    yield from _rows(
        "karancode/yamllint-github-action", given={"yamllint_comment": "pull-requests:write"}
    )


def _of_measures() -> Iterator[KnownAction]:
    """Coverage and benchmarks that are written into the repository, linters."""
    yield from _rows(
        "test-summary/action ctrf-io/github-test-reporter", "checks:write pull-requests:write"
    )
    coverage = "py-cov-action/python-coverage-comment-action"
    yield from _rows(
        coverage, "contents:write pull-requests:write", git=GitUse.PUSHES, anchor="setup"
    )
    yield from _rows(
        "benchmark-action/github-action-benchmark aiidateam/github-action-benchmark",
        "contents:write deployments:write pull-requests:write",
        git=GitUse.PUSHES,
    )
    yield from _rows(
        "golangci/golangci-lint-action",
        "contents:read",
        given={"only-new-issues": "pull-requests:read"},
        runs_code=True,
        anchor="annotations",
    )
    yield from _rows("lycheeverse/lychee-action chabad360/htmlproofer", "contents:read")


def _of_checks() -> Iterator[KnownAction]:
    """What changed, secrets, licences and known faults."""
    readers = "dorny/paths-filter aurornz/paths-filter tj-actions/changed-files tj-actions/branch-names ana06/get-changed-files bluwy/detect-changesets-action"
    yield from _rows(readers, "contents:read pull-requests:read", git=GitUse.READS)
    yield from _rows(
        "trufflesecurity/trufflehog gitleaks/gitleaks-action",
        "contents:read pull-requests:read",
        git=GitUse.READS,
    )
    yield from _rows(
        "aquasecurity/trivy-action snyk/actions/setup fossas/fossa-action pyupio/safety-action",
        "contents:read",
    )
    yield from _rows(
        "anchore/sbom-action anchore/sbom-action/publish-sbom",
        "contents:write actions:read",
        anchor="permissions",
    )
    yield from _rows(
        "rustsec/audit-check actions-rust-lang/audit", "contents:read checks:write issues:write"
    )
    yield from _rows("embarkstudios/cargo-deny-action")
    yield from _rows("obi1kenobi/cargo-semver-checks-action", runs_code=True)


def _of_faults() -> Iterator[KnownAction]:
    """Conformance tests, fuzzers and checks of interfaces."""
    yield from _rows(
        "sigstore/sigstore-conformance theupdateframework/tuf-conformance",
        "id-token:write",
        runs_code=True,
    )
    yield from _rows(
        "oasdiff/oasdiff-action/breaking bufbuild/buf-lint-action bufbuild/buf-breaking-action",
        "contents:read",
    )
    yield from _rows(
        "google/oss-fuzz/infra/cifuzz/actions/build_fuzzers google/oss-fuzz/infra/cifuzz/actions/run_fuzzers",
        "contents:read security-events:write",
        runs_code=True,
    )
    yield from _rows("helm/chart-testing-action")
    yield from _rows(
        "e18e/action-dependency-diff", "contents:read pull-requests:write", git=GitUse.READS
    )
    yield from _rows("martincostello/lint-actions-powershell", "contents:read")
    yield from _rows("aio-libs/upload-coverage aio-libs/prepare-coverage")


def _of_conversations() -> Iterator[KnownAction]:
    """Issues, pull requests, labels and their discussions; none of them reads the checkout."""
    yield from _rows(_CONVERSATIONS, _COMMENTS + " contents:read")
    yield from _rows("dessant/lock-threads", _COMMENTS + " discussions:write", anchor="usage")
    yield from _rows(
        "amannn/action-semantic-pull-request",
        "pull-requests:read",
        given={"wip": "statuses:write"},
        anchor="installation",
    )
    yield from _rows("peter-evans/repository-dispatch", "contents:write", anchor="token")
    yield from _rows(
        "xarray-contrib/ci-trigger kkak10/pr-number-action", "contents:read pull-requests:read"
    )
    yield from _rows("guibranco/github-status-action-v2", "statuses:write")
    redirect = "scientific-python/circleci-artifacts-redirector-action larsoner/circleci-artifacts-redirector-action"
    yield from _rows(redirect, "statuses:write", anchor="usage")
    yield from _rows("readthedocs/actions/preview", "pull-requests:write", anchor="usage")
    yield from _rows("styfle/cancel-workflow-action", "actions:write")
    yield from _rows("fastify/github-action-merge-dependabot", "contents:write pull-requests:write")
    yield from _rows(
        "conda/actions/check-cla shopify/shopify-cla-action contributor-assistant/github-action",
        "contents:write statuses:write actions:write " + _COMMENTS,
    )
    yield from _rows(
        "anthropics/claude-code-action mxschmitt/action-tmate",
        is_scripted=True,
        runs_code=True,
        git=GitUse.MAY,
    )


def _of_builds() -> Iterator[KnownAction]:
    """Builds and tests: they run code of the project, which is given no token by themselves."""
    yield from _rows(
        "pypa/cibuildwheel pyo3/maturin-action py-actions/py-dependency-install", runs_code=True
    )
    yield from _rows(
        "gradle/actions/setup-gradle gradle/gradle-build-action",
        "contents:read",
        given={
            "dependency-graph": "contents:write",
            "add-job-summary-as-pr-comment": "pull-requests:write",
        },
        runs_code=True,
        git=GitUse.MAY,
    )
    yield from _rows(
        "pre-commit/action j178/prek-action tox-dev/action-pre-commit-uv",
        runs_code=True,
        git=GitUse.MAY,
    )
    yield from _rows(
        "hynek/build-and-inspect-python-package",
        "contents:read",
        given={"attest-build-provenance-github": "id-token:write attestations:write"},
        runs_code=True,
        anchor="inputs",
    )
    yield from _of_emulators()


def _of_emulators() -> Iterator[KnownAction]:
    """What runs scripts of the project, in machines of its own or by its configuration."""
    # They install packages, whose life-cycle scripts and the project's own run then.
    yield from _rows("pnpm/action-setup pnpm/setup", run_input="run_install", anchor="run_install")
    # Its configuration may start a server of the project.
    yield from _rows("treosh/lighthouse-ci-action", "contents:read", run_input="configpath")
    yield from _rows(
        "bahmutov/npm-install threeal/cmake-action xu-cheng/latex-action xu-cheng/texlive-action",
        runs_code=True,
        git=GitUse.MAY,
    )
    yield from _rows(
        "reactivecircus/android-emulator-runner uraimo/run-on-arch-action cross-platform-actions/action vmactions/freebsd-vm coactions/setup-xvfb nick-fields/retry nick-invision/retry google/wireit houseabsolute/actions-rust-cross actions-rs/cargo clechasseur/rs-cargo",
        runs_code=True,
        git=GitUse.MAY,
    )
    maintainer = "base-setup downstream-test check-links upload-coverage report-coverage make-sdist test-sdist"
    for name in maintainer.split():
        yield from _rows(
            f"jupyterlab/maintainer-tools/.github/actions/{name}",
            "contents:read",
            runs_code=True,
            git=GitUse.MAY,
        )


ACTIONS: Mapping[str, KnownAction] = {row.name: row for row in _all_rows()}
"""Rows by ``owner/repo[/path]`` in lower case."""
