"""Actions that use an identity or credential without publishing, and words of releases.

Data for `audits.workflow.publish.unrecognized`: what is not in these tables may publish.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TAKES_IDENTITY = _words(
    "actions/attest actions/attest-build-provenance actions/attest-sbom actions/deploy-pages"
    " sigstore/cosign-installer sigstore/gh-action-sigstore-python sigstore/sigstore-conformance"
    " sigstore/scaffolding/actions/sigstore-the-hard-way chainguard-dev/actions/setup-gitsign"
    " hynek/build-and-inspect-python-package"
    " in-toto/attestation-action notaryproject/notation-action/sign"
    " codecov/codecov-action codecov/test-results-action codspeedhq/action"
    " ossf/scorecard-action trunk-io/analytics-uploader datadog/junit-upload-github-action"
    " octo-sts/action anthropics/claude-code-action"
    " anthropics/claude-code-base-action google-github-actions/run-gemini-cli"
    " determinatesystems/nix-installer-action determinatesystems/determinate-nix-action"
    " determinatesystems/magic-nix-cache-action determinatesystems/flakehub-cache-action"
    " determinatesystems/flake-checker-action depot/setup-action depot/build-push-action"
    " depot/bake-action depot/use-action namespacelabs/nscloud-setup"
    " namespacelabs/nscloud-setup-buildx-action tailscale/github-action"
    " azure/trusted-signing-action azure/artifact-signing-action digicert/ssm-code-signing"
    " signpath/github-action-submit-signing-request google-github-actions/deploy-cloudrun"
    " azure/static-web-apps-deploy azure/webapps-deploy azure/functions-action"
    " gradle/develocity-actions/setup-maven actions/ai-inference github/codeql-action/analyze"
    " snyk/actions/setup endorlabs/github-action semgrep/semgrep-action"
    " buildpulse/buildpulse-action"
)
"""Actions that take the job's identity to sign, attest, deploy a site, measure or analyse."""

_TAKES_BY_NAME = re.compile(
    r"app-token|(?:^|[-_/])(?:attest|attestation|cosign|sign|provenance)(?:$|[-_/])"
)

LOGINS = _words(
    "aws-actions/configure-aws-credentials google-github-actions/auth azure/login"
    " aws-actions/amazon-ecr-login hashicorp/vault-action docker/login-action azure/docker-login"
    " redhat-actions/podman-login pulumi/auth-actions jfrog/setup-jfrog-cli"
    " 1password/load-secrets-action infisical/secrets-action dopplerhq/secrets-fetch-action"
    " akeyless-community/akeyless-github-action cyberark/conjur-action bitwarden/sm-action"
    " google-github-actions/get-secretmanager-secrets aws-actions/aws-secretsmanager-get-secrets"
    " azure/get-keyvault-secrets chainguard-dev/setup-chainctl alibabacloud/configure-credentials"
    " oracle-actions/configure-ocir-credentials grafana/shared-workflows/actions/get-vault-secrets"
    " rancher-eio/read-vault-secrets"
)
"""Actions that log in for later steps: what they log in to may be a place to publish to."""

HOLDS_PACKAGES = _words(
    "docker/build-push-action docker/bake-action depot/build-push-action depot/bake-action"
    " useblacksmith/build-push-action actions/delete-package-versions devcontainers/ci"
    " dataaxiom/ghcr-cleanup-action snok/container-retention-policy"
    " vlaurin/action-ghcr-prune bots-house/ghcr-delete-image-action chipkent/action-cleanup-package"
    " actions/cache"
)
"""Actions that use ``packages: write`` for caches or to delete what is old."""

QUIET_ACTIONS = _words(
    "peter-evans/create-pull-request peter-evans/create-or-update-comment"
    " peter-evans/repository-dispatch peter-evans/find-comment peter-evans/enable-pull-request-automerge"
    " step-security/harden-runner stefanzweifel/git-auto-commit-action endbug/add-and-commit ad-m/github-push-action"
    " crazy-max/ghaction-import-gpg hashicorp/setup-terraform apple-actions/import-codesign-certs"
    " tibdex/github-app-token getsentry/action-github-app-token tibdex/backport"
    " peaceiris/actions-gh-pages jamesives/github-pages-deploy-action peaceiris/actions-hugo"
    " webfactory/ssh-agent appleboy/ssh-action"
    " shimataro/ssh-key-action"
    " cloudflare/wrangler-action cloudflare/pages-action nwtgck/actions-netlify netlify/actions/cli"
    " amondnet/vercel-action superfly/flyctl-actions/setup-flyctl firebaseextended/action-hosting-deploy"
    " akhileshns/heroku-deploy w9jds/firebase-action shalzz/zola-deploy-action"
    " slackapi/slack-github-action 8398a7/action-slack rtcamp/action-slack-notify ravsamhq/notify-slack-action"
    " sarisia/actions-status-discord ilshidur/action-discord tsickert/discord-webhook"
    " appleboy/telegram-action appleboy/discord-action dawidd6/action-send-mail"
    " cbrgm/mastodon-github-action ethomson/send-tweet-action"
    " codecov/codecov-action coverallsapp/github-action sonarsource/sonarcloud-github-action"
    " sonarsource/sonarqube-scan-action sonarsource/sonarqube-quality-gate-action"
    " fossas/fossa-action snyk/actions codacy/codacy-analysis-cli-action"
    " codacy/codacy-coverage-reporter-action deepsourcelabs/test-coverage-action chromaui/action"
    " getsentry/action-release browserstack/github-actions browser-actions/setup-chrome"
    " cypress-io/github-action argos-ci/action percy/exec-action applitools/applitools-eyes-github-action"
    " mikepenz/release-changelog-builder-action mikepenz/action-junit-report"
    " release-drafter/release-drafter orhun/git-cliff-action requarks/changelog-action"
    " metcalfc/changelog-generator heinrichreimer/github-changelog-generator-action"
    " dorny/test-reporter enricomi/publish-unit-test-result-action softprops/turnstyle"
    " mathieudutour/github-tag-action anothrnick/github-tag-action rickstaa/action-create-tag"
    " amannn/action-semantic-pull-request actions-cool/issues-helper"
    " rharkor/caching-for-turbo cachix/install-nix-action cachix/cachix-action nixbuild/nix-quick-install-action"
    " dtolnay/rust-toolchain taiki-e/install-action swatinem/rust-cache ruby/setup-ruby"
    " r-lib/actions/setup-r-dependencies r-lib/actions/setup-r r-lib/actions/check-r-package"
    " re-actors/alls-green re-actors/checkout-python-sdist pypa/cibuildwheel pre-commit/action"
    " pyo3/maturin-action messense/maturin-action crate-ci/typos lycheeverse/lychee-action"
    " jlumbroso/free-disk-space easimon/maximize-build-space tj-actions/changed-files dorny/paths-filter"
    " gitleaks/gitleaks-action trufflesecurity/trufflehog aquasecurity/trivy-action anchore/scan-action"
    " anchore/sbom-action cyclonedx/gh-node-module-generatebom advanced-security/maven-dependency-submission-action"
    " gradle/actions/setup-gradle gradle/gradle-build-action gradle/wrapper-validation-action gradle/actions/wrapper-validation"
    " docker/setup-buildx-action docker/setup-qemu-action docker/metadata-action"
    " goreleaser/goreleaser-action ilammy/msvc-dev-cmd microsoft/setup-msbuild seanmiddleditch/gha-setup-ninja"
    " lukka/get-cmake lukka/run-vcpkg egor-tensin/setup-mingw msys2/setup-msys2"
    " voxmedia/github-action-slack-notify-build act10ns/slack lewagon/wait-on-check-action"
    " fountainhead/action-wait-for-check thollander/actions-comment-pull-request"
    " marocchino/sticky-pull-request-comment mshick/add-pr-comment actions-ecosystem/action-add-labels"
    " convictional/trigger-workflow-and-wait benc-uk/workflow-dispatch codex-/return-dispatch"
)
"""Further actions whose work is known and is no publication: they talk to GitHub, a chat, an
analyser, a test service or a host of sites, or only build.
"""

QUIET_NAMES = re.compile(
    r"(?:^|[-_/])(?:setup|install|cache|checkout|lint|linter|test|tests|label|labeler|changelog"
    r"|comment|notify|notification|slack|discord|coverage|sarif|report|reporter|wait|stale|lock"
    r"|assign|backport|gh-pages|get|find|read|extract|parse|validate|check|free-disk-space"
    r"|artifact|artifacts|approve|automerge|merge|benchmark|sbom|scan|scanner)(?:$|[-_/])"
)
"""What actions that prepare, test or tell are called."""

PLAIN_PROGRAMS = _words(
    "cat cd chmod chown cosign cp cut date df diff dirname du echo env exit export false file find"
    " gawk awk gh git gitsign gpg gpg2 grep head hub jq id kill less ln ls md5sum mkdir mktemp more"
    " mv printf pwd read readlink realpath rekor-cli rm rmdir sed set sha1sum sha256sum sha512sum"
    " shasum shift shopt sleep slsa-verifier sort source split stat sudo tail tar tee test touch tr"
    " trap tree true type ulimit uname uniq unset unzip wait wc which xz yq zip zstd 7z [ [[ : . return"
    " local declare readonly eval break continue security codesign signtool osslsigncode syft"
    " grype trivy minisign notation signify ssh ssh-add ssh-agent ssh-keygen ssh-keyscan scp rsync"
    " apt apt-get apk dnf yum pacman brew scoop add-apt-repository update-alternatives"
    " pip pip3 mamba micromamba rustup nvm corepack asdf mise volta fnm sdk pyenv rbenv"
    " pytest ruff mypy flake8 black isort pylint coverage codecov eslint prettier jest vitest"
    " playwright cypress mocha biome sphinx-build mkdocs mdbook doxygen typedoc hugo jekyll tsc"
    " gcc g++ clang clang++ cc ld ar strip patchelf"
    " auditwheel delocate-wheel delvewheel cibuildwheel build setup.py check-manifest check-wheel-contents"
    " terraform tofu kubectl helmfile aws gcloud gsutil bq azcopy flyctl netlify vercel wrangler"
    " sentry-cli sonar-scanner snyk fossa git-cliff cliff towncrier bump2version bumpversion bump-my-version"
    " standard-version conventional-changelog Remove-Item New-Item Copy-Item Move-Item Get-ChildItem"
    " Write-Host Write-Output Get-Content Set-Content Out-File Expand-Archive Compress-Archive"
    " Invoke-WebRequest Get-Item Test-Path Set-Location Import-Module ConvertFrom-Json"
    " if then else fi for do done while case esac function smokeshow func k3d kind minikube cdk serverless helm"
)
"""Programs that publish no package with any option, or only in ways that are known."""

SELDOM_PUBLISH = _words(
    "choco winget conda cmake ninja meson msbuild xcodebuild swift aws gcloud az sam xcrun"
)
"""Programs that build, install or administer, and publish where a word of their task says so:
``choco push``, ``swift package-registry publish``, ``az artifacts universal publish``.
"""

QUIET_TASKS = _words(
    "add audit bench benchmark benchmarks build builds bump cache check checks ci clean compile"
    " config configure coverage develop doc docs doctor e2e export fetch fmt format generate get"
    " info init install integration lint list lock login logout mod pack package pip plan prepare"
    " spec specs restore sbom sdist selftest self setup start sync test tests tidy tool toolchain typecheck"
    " types unit update validate venv verify version vet view wheel whoami dist bootstrap deps"
    " dependencies graph print show remove delete rm yank deprecate i g diff site storybook sonar lockfile component"
    " gen codegen migrate migrations run-tests clippy llvm-cov nextest new why ls ping search clone metadata"
)
"""First words of a program's task that build, test or look."""

RUNS_OWN: Mapping[str, frozenset[str]] = {
    "go": frozenset({"run"}),
    "cargo": frozenset({"run", "r", "xtask"}),
    "dotnet": frozenset({"run", "cake", "fsi"}),
    "swift": frozenset({"run"}),
    "stack": frozenset({"run", "exec"}),
    "cabal": frozenset({"run"}),
}
"""Subcommands of programs that build a program of the project and run it."""

MANY_TASKS = _words(
    "make gmake just task rake gradle gradlew mvn mvnw ant sbt mill invoke inv fab mage nx turbo tox"
    " nox lein bazel doit paver pants poe bob dagger earthly"
)
"""Programs that run several tasks in one command; of others the first word says what they do."""

_PUBLISH_WORDS = _words(
    "publish published publisher publishes publishing publication prepublish postpublish"
    " ship shipit distribute promote"
)
_UPLOAD_WORDS = _words("upload uploads uploading uploader")
_PUSH_WORDS = _words("push pushes")
_RELEASE_WORDS = _words(
    "release releases released releaser releasing prerelease delivery nightly nightlies push cd"
)
_REGISTRY_WORDS = _words(
    "pypi testpypi npm npmjs crates cratesio cargo rubygems gem gems nuget maven mavencentral"
    " sonatype ossrh dockerhub ghcr quay marketplace openvsx ovsx vsce vscode registry jsr hexpm"
    " chocolatey choco snap snapcraft snapstore winget homebrew brew aur conda anaconda condaforge"
    " flathub psgallery powershellgallery artifactory jfrog cloudsmith packagecloud fury packagist"
    " cocoapods cocoapod trunk artifacthub helm chart charts prefix luarocks opam hackage cran"
    " appstore playstore testflight webstore addons amo itch itchio steam modrinth curseforge"
    " githubpackages gitlab myget octopus feedz bintray ecr acr gar"
)
_SECRET_REGISTRY = _REGISTRY_WORDS | _words(
    "docker twine node publish publishing upload release central hex store play ovs galaxy"
)
# What a word of release is about that is no package.
_OBJECTS = _words(
    "doc docs documentation website site sites pages page blog storybook demo notes note changelog"
    " changelogs announcement announcements announce result results report reports coverage sarif"
    " logs log label labels labeler triage stale backport backports cache caches"
    " notify notification notifications slack discord twitter tweet mastodon telegram reddit bluesky email"
    " screenshot screenshots benchmark benchmarks metrics schema schemas sbom translations"
    " preview previews event events comment comments milestone milestones status branch"
    " cleanup clean prune symbols dsym sourcemaps sentry readme overview overviews description record records cloudrun heroku smokeshow htmlcov"
    " login logins diff audit audits auditor sns pubsub topic topics"
)
# What a run uploads for its later jobs, unless it is published.
_OF_A_RUN = _words("artifact artifacts")
_BEFORE = _words("test tests check checks verify validate lint build tag")
_TRIES = _words(
    "dry dryrun simulate can should pre wait await"
    " plan is get download fetch install trigger dispatch request approve gate setup set configure"
    " generate login log authenticate add enable disable remove delete yank unpublish deprecate"
)
_PREPARES = _words(
    "test tests testing check lint bump prepare draft tag tags pr prs version versions versioning"
    " verify validate scan security sonar e2e integration smoke plan dry drafter notes"
    " pull request should"
)
_BUILDS = _words("build builds ci matrix compile package wheels sdist")

_SIGNING_SECRETS = _words(
    "gpg pgp signing sign cosign certificate cert certs keychain notarize notary notarization apple"
    " macos codesign csc p12 pfx provisioning signpath keystore minisign sigstore passphrase"
)
_SERVICE_SECRETS = _words(
    "codecov coverage coveralls sonar sonarcloud sonarqube snyk fossa codacy codeclimate deepsource codspeed"
    " smokeshow chromatic percy argos buildpulse datadog dd sentry newrelic honeycomb otel bencher trunk"
    " slack discord teams telegram reddit lemmy linkedin facebook threads youtube mastodon twitter bluesky bsky matrix zulip mattermost webhook"
    " webhooks gitter smtp mail mailgun sendgrid mailchimp pagerduty opsgenie jira linear asana trello notion"
    " netlify vercel cloudflare cf surge rtd readthedocs algolia firebase heroku fly render railway"
    " aws azure gcp gcloud google gke s3 digitalocean do arm cloud hetzner linode"
    " github gh ghcr git bot app pat gitlab machine user"
    " turbo nx gradle develocity cachix sccache depot buildkite blacksmith namespace actuated"
    " browserstack saucelabs sauce lambdatest openai anthropic claude gemini huggingface hf"
    " stripe twilio supabase neon planetscale mongodb postgres mysql redis database db"
    " ssh rsync sftp ftp kube kubeconfig k8s tailscale vault doppler infisical onepassword op"
    " tx semgrep trivy gitguardian checkmarx veracode mend whitesource blackduck endor socket"
    " crowdin transifex weblate lokalise percy test tests e2e integration license licence"
    " checkout reviewdog renovate dependabot lighthouse lhci stackhawk zap mutation stryker"
)
"""Words in the names of secrets that are for something else than a registry."""

_NO_CREDENTIAL = _words(
    "username user login email name id url uri host hostname endpoint region account org organization"
    " project domain channel port bucket path repo repository team tenant"
)
"""Last words of the names of secrets that hold no credential."""

_CREDENTIAL = _words(
    "token tokens key apikey password passwd pass passphrase secret credential credentials auth pat"
)
"""Last words of the names of variables and inputs that take a credential."""

# Of a name; more is not written by people.
_LONGEST = 200
_AND = re.compile(r"[&+,]|\b(?:and|then|or)\b|[-_](?:and|then|or)[-_]", re.IGNORECASE)
_CHUNK = re.compile(r"[A-Za-z0-9]+")
_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")


@lru_cache(maxsize=2048)
def words_in(text: str) -> tuple[str, ...]:
    """The words of a name, in lower case: of ``publish-toPyPI``, publish, to, pypi."""
    found: dict[str, None] = {}
    for chunk in _CHUNK.findall(text[:_LONGEST]):
        parts = _CAMEL.findall(chunk)
        if len(parts) > 1 and not chunk.isupper():
            found.update((part.lower(), None) for part in parts)
        found[chunk.lower()] = None
    return tuple(found)


@lru_cache(maxsize=2048)
def speaks_of_release(text: str) -> bool:
    """Whether a name is one of a job or task that releases, and not of one that documents,
    tests or prepares a release.
    """
    words = words_in(text)
    held = frozenset(words)
    if not held or held & _OBJECTS:
        return False
    if words[0] in _TRIES or (words[0] in _BEFORE and not _AND.search(text)):
        return False
    if held & _PUBLISH_WORDS:
        return True
    if held & _OF_A_RUN:
        return False
    if held & _UPLOAD_WORDS:
        return True
    if held & (_PREPARES | _BUILDS):
        return False
    return bool(held & (_RELEASE_WORDS | _REGISTRY_WORDS))


@lru_cache(maxsize=2048)
def is_something_else(text: str) -> bool:
    """Whether a name is one of a job that documents, tests, prepares or announces."""
    held = frozenset(words_in(text))
    return bool(held & (_OBJECTS | _PREPARES)) and not speaks_of_release(text)


@lru_cache(maxsize=2048)
def may_open_registry(secret: str) -> bool:
    """Whether a secret of this name may be a credential of a registry."""
    words = words_in(secret)
    held = frozenset(words)
    if not words or words[-1] in _NO_CREDENTIAL or held & _SIGNING_SECRETS:
        return False
    return bool(held & _SECRET_REGISTRY) or not held & _SERVICE_SECRETS


def names_credential(variable: str) -> bool:
    """Whether a variable or input is named for a credential and not for a user."""
    words = words_in(variable)
    return bool(words) and words[-1] in _CREDENTIAL


@lru_cache(maxsize=2048)
def is_task_of_publishing(task: str) -> bool:
    """Whether a word of a command is a task that publishes, uploads or pushes."""
    held = frozenset(words_in(task))
    return bool(held & (_PUBLISH_WORDS | _UPLOAD_WORDS | _PUSH_WORDS)) and speaks_of_release(task)


@lru_cache(maxsize=2048)
def is_named_for_registry(secret: str) -> bool:
    """Whether a secret says that it opens a registry."""
    return bool(frozenset(words_in(secret)) & _SECRET_REGISTRY) and may_open_registry(secret)


@lru_cache(maxsize=2048)
def is_about_no_package(text: str) -> bool:
    """Whether a name speaks of documents, results, messages and the like."""
    return bool(frozenset(words_in(text)) & _OBJECTS)


@lru_cache(maxsize=2048)
def only_serves(action: str) -> bool:
    """Whether an action's name is one of those that prepare, test or announce."""
    quiet = QUIET_NAMES.search(action.lower()) is not None
    return quiet and not frozenset(words_in(action)) & _PUBLISH_WORDS


@lru_cache(maxsize=2048)
def speaks_of_publishing(text: str) -> bool:
    """Whether a name says that something is published, rather than only uploaded or released."""
    return speaks_of_release(text) and bool(frozenset(words_in(text)) & _PUBLISH_WORDS)


@lru_cache(maxsize=2048)
def title_speaks_of_release(text: str) -> bool:
    """Whether a step's title is one of a release. ``Upload …`` alone is not: what is uploaded may
    be anything, unless the title names a registry or a release.
    """
    words = frozenset(words_in(text))
    named = words & (_PUBLISH_WORDS | _RELEASE_WORDS | _REGISTRY_WORDS)
    return speaks_of_release(text) and bool(named)


@lru_cache(maxsize=2048)
def only_builds(text: str) -> bool:
    """Whether a name is one of a job that builds."""
    return bool(frozenset(words_in(text)) & _BUILDS) and not speaks_of_release(text)


def takes_identity(action: str) -> bool:
    """Whether an action is known to take the job's identity for something else than a package:
    in the table, or with a name that says it attests, or gets a token of a GitHub App.
    """
    return action in TAKES_IDENTITY or _TAKES_BY_NAME.search(action) is not None
