"""Every kind of uploader, in the spellings of real workflows, beside what only looks like it."""

from __future__ import annotations

import pytest

from audits.model.publication import Publication
from audits.model.registry import DOCKER_HUB
from tests.workflow.publish.uploads import found_in, job_of, run_of, the_one

TOKEN = "${{ secrets.SHIP }}"
CALL = """
on: {{push: {{tags: ["v*"]}}}}
jobs:
  publish:
    permissions: {{contents: write, id-token: write, packages: write}}
    uses: {0}
    {1}
"""


def _words(found: tuple[Publication, ...]) -> list[str]:
    return [f"{p.registry}/{p.auth}" for p in found]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        # npm, by the tools that publish many packages
        ("npm stage publish --access public", "npm/oidc"),
        ("pnpm stage publish", "npm/oidc"),
        ("npx semantic-release@25", "npm/oidc"),
        ("pnpm dlx semantic-release", "npm/oidc"),
        ("yarn semantic-release", "npm/oidc"),
        ("pnpm semantic-release", "npm/oidc"),
        ("bunx semantic-release", "npm/oidc"),
        ("npm exec -- semantic-release", "npm/oidc"),
        ("npm run semantic-release", "npm/oidc"),
        ("npx -p semantic-release -p @semantic-release/git semantic-release", "npm/oidc"),
        ("npx multi-semantic-release", "npm/oidc"),
        ("yarn changeset publish", "npm/oidc"),
        ("pnpm -w changeset publish", "npm/oidc"),
        ("npx @changesets/cli publish", "npm/oidc"),
        ("npx @changesets/cli@2 publish --no-git-tag", "npm/oidc"),
        ("yarn lerna publish from-package --yes", "npm/oidc"),
        ("npx lerna-lite publish", "npm/oidc"),
        ("npx release-it --ci", "npm/oidc"),
        ("yarn run release-it", "npm/oidc"),
        ("npx auto shipit", "npm/oidc"),
        ("npx np --yolo", "npm/oidc"),
        ("pnpm napi pre-publish -t npm --no-gh-release", "npm/oidc"),
        ("npx @napi-rs/cli prepublish -t npm", "npm/oidc"),
        ("npx nx release publish", "npm/oidc"),
        ("pnpm nx release --yes", "npm/oidc"),
        ("yarn npm publish --tolerate-republish", "npm/oidc"),
        ("rush publish --include-all --publish", "npm/oidc"),
        # JSR, Dart, Conda, editors
        ("deno publish", "jsr/oidc"),
        ("npx jsr publish", "jsr/oidc"),
        ("pnpm dlx jsr publish --allow-slow-types", "jsr/oidc"),
        (f"deno publish --token {TOKEN}", "jsr/token"),
        ("dart pub publish --force", "pub/oidc"),
        ("flutter pub publish -f", "pub/oidc"),
        ("melos publish --no-dry-run --yes", "pub/oidc"),
        ("rattler-build upload prefix -c harbour x.conda", "prefix/oidc"),
        (f"rattler-build upload prefix -c harbour -a {TOKEN} x.conda", "prefix/token"),
        ("pixi upload prefix --channel harbour x.conda", "prefix/oidc"),
        ("npx vsce publish --oidc", "vscode/oidc"),
        ("npx @vscode/vsce publish --oidc --packagePath x.vsix", "vscode/oidc"),
        (f"vsce publish -p {TOKEN}", "vscode/token"),
        (f"pnpm vsce publish --pat {TOKEN}", "vscode/token"),
        ("npx ovsx publish x.vsix", "openvsx/oidc"),
        (f"ovsx publish x.vsix --pat={TOKEN}", "openvsx/token"),
        # the Java world
        ("mvn -B -ntp clean deploy -P release", "maven/none"),
        ("./mvnw --batch-mode release:prepare release:perform", "maven/none"),
        ("mvn org.sonatype.plugins:nexus-staging-maven-plugin:release", "maven/none"),
        ("mvn deploy:deploy-file -Dfile=x.jar", "maven/none"),
        ("./gradlew publish --stacktrace", "maven/none"),
        (
            "./gradlew :core:publishToSonatype closeAndReleaseSonatypeStagingRepository",
            "maven/none",
        ),
        ("gradle publishAllPublicationsToMavenCentralRepository", "maven/none"),
        ("gradlew.bat publishPlugins", "maven/none"),
        ("sbt ci-release", "maven/none"),
        ('sbt "+publishSigned"', "maven/none"),
        # Elixir, PowerShell, Homebrew, charts
        ("mix hex.publish --yes", "hex/none"),
        ("gleam publish -y", "hex/none"),
        ("helm push lumen-1.0.tgz oci://registry.orchard.example/charts", "helm/none"),
        ("cr upload -o orchard -r charts", "helm/none"),
        ("brew bump-formula-pr --tag v1 lumen", "homebrew/none"),
        # containers
        ("docker buildx bake --push", "container/none"),
        ("docker buildx build --output type=image,push=true .", "container/none"),
        ("docker buildx build -o type=image,name=a/b,push=$PUSH .", "container/none"),
        ("skopeo copy docker-archive:x.tar docker://quay.example/a/b", "container/none"),
        ("crane copy a.example/b c.example/d", "container/none"),
        ("oras push registry.example/a/b:1 x.tgz", "container/none"),
        ("docker buildx b --push -t registry.example/a/b .", "container/none"),
        ("buildctl build --output type=image,name=a/b,push=true", "container/none"),
        ("apko publish apko.yaml registry.example/a/b", "container/none"),
        ("cosign copy a.example/b c.example/d", "container/none"),
        ("ko build ./cmd/lumen", "container/none"),
        ("./gradlew jib", "container/none"),
        ("mvn compile com.example.tools:jib-maven-plugin:3.4.0:build", "container/none"),
        ("mvn -B docker:build docker:push", "container/none"),
        ("mvn spring-boot:build-image -Dspring-boot.build-image.publish=true", "container/none"),
        ("sbt Docker/publish", "container/none"),
        ("sbt 'docker:publish'", "container/none"),
        ("docker compose -f ci.yml push app", "container/none"),
        ("az acr build --registry orchard --image lumen:1 .", "container/none"),
        ("crane index append -m a -m b -t quay.example/orchard/lumen:1", "container/none"),
        # Clojure, C++, taps by GitHub's program
        (f"CLOJARS_PASSWORD={TOKEN} clojure -T:build deploy", "maven/token"),
        (f"CLOJARS_PASSWORD={TOKEN} clj -X:deploy", "maven/token"),
        ("conan upload 'lumen/*' -r orchard --confirm", "conan/none"),
        ("gh workflow run bump.yml -R orchard/homebrew-tap -f v=1", "homebrew/none"),
        (
            "gh api repos/orchard/homebrew-tap/contents/Formula/x.rb -X PUT -f content=x",
            "homebrew/none",
        ),
        # downloads
        ("aws s3 cp dist/lumen-linux.tar.gz s3://orchard/", "downloads/none"),
        ("aws s3 sync ./dist s3://get.orchard.example/releases/1.0", "downloads/none"),
        ("gsutil -m cp out/*.deb gs://orchard/", "downloads/none"),
        ("gcloud storage cp build/lumen.zip gs://orchard/x/", "downloads/none"),
        ("az storage blob upload -f lumen.msi -c installers -n lumen.msi", "downloads/none"),
        ("wrangler r2 object put orchard/lumen.dmg --file=lumen.dmg", "downloads/none"),
        ("rclone copy ./release/ r2:orchard/nightly", "downloads/none"),
        # releases of GitHub
        ("gh release upload v1 dist/*", "github-release/none"),
        ("npx electron-builder --publish always", "github-release/none"),
    ],
)
def test_a_command_is_found(script: str, words: str) -> None:
    assert _words(found_in(run_of(script))) == [words]


WRAPPERS = (
    "op run --env-file=.env --",
    "doppler run --",
    "dotenvx run -f .env --",
    "chamber exec ci --",
    "aws-vault exec ci --",
    "infisical run --env=prod --",
    "npx cross-env CI=1",
    "teller run --",
    "nix develop .#ci --command",
    "nix shell tools#node -c",
    "guix shell node --",
    "devbox run --",
    "flox activate --",
    "direnv exec .",
    "mise x node@24 --",
    "mise exec --",
    "volta run --node 24",
    "fnm exec --using=24",
    "nvm exec 24",
    "asdf exec",
    "flock release.lock",
    "retry -t 3 --",
    "tini --",
    "npx lerna exec --",
    "parallel",
    "strace -f",
    "env-cmd -f .env",
    "$(which env)",
)


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_a_program_that_another_starts_is_found(wrapper: str) -> None:
    (found,) = found_in(run_of(f"{wrapper} npm publish"))
    assert (found.registry, found.mechanism) == ("npm", "npm publish")
    assert found_in(run_of(f"{wrapper} npm test")) == ()


@pytest.mark.parametrize(
    "script",
    [
        "sops exec-env secrets.yaml 'npm publish'",
        "doppler run --command='npm publish'",
        "script -q -c 'npm publish' log",
        "wsl bash -c 'npm publish'",
        "$(which npm) publish",
    ],
)
def test_a_script_that_another_program_is_given_is_read(script: str) -> None:
    assert _words(found_in(run_of(script))) == ["npm/oidc"]


@pytest.mark.parametrize(
    "script",
    [
        "npm stage list",
        "nix develop .#npm",
        "guix shell npm publish",
        "lerna run publish --dry",
        "op read op://vault/npm/publish",
        "doppler secrets get NPM",
        "npx semantic-release --dry-run",
        "yarn semantic-release --dry-run=true",
        "npx semantic-release -d",
        "npx release-it --ci --dry-run",
        "npx auto shipit --dry-run",
        "npx auto changelog",
        "yarn changeset version",
        "yarn changeset status",
        "npx lerna version",
        "npx nx release version",
        "npx nx release --skip-publish",
        "npx nx release --dry-run",
        "npx nx run-many -t test",
        "napi build --release",
        "napi pre-publish -t npm --skip-optional-publish",
        "rush publish --include-all",
        "deno publish --dry-run",
        "npx jsr publish --dry-run",
        "npx jsr add @std/assert",
        "dart pub publish --dry-run",
        "flutter pub publish -n",
        "melos publish --yes",
        "rattler-build build",
        "rattler-build upload quetz -u https://x.example x.conda",
        "vsce package",
        "npx vsce ls",
        "ovsx create-namespace harbour",
        "mvn -B verify",
        "mvn deploy -Dmaven.deploy.skip=true",
        "mvn site:deploy",
        "mvn install -DskipTests",
        "./gradlew build",
        "./gradlew publishToMavenLocal",
        "./gradlew publish --dry-run",
        "./gradlew publishDocs",
        "sbt publishLocal",
        "sbt test",
        "mix test",
        "mix hex.build",
        "mix hex.publish --dry-run",
        "helm package charts/lumen",
        "helm repo add x https://charts.example",
        "brew install lumen",
        "docker buildx bake",
        "docker buildx build -t ${{ github.repository }} .",
        "docker buildx build --output type=image,push=false .",
        "docker buildx build -o type=docker,dest=${{ runner.temp }}/x.tar .",
        "./gradlew jibDockerBuild",
        "mvn jib:buildTar",
        "mvn docker:build",
        "mvn spring-boot:build-image",
        "sbt Docker/publishLocal",
        "docker compose -f ci.yml build",
        "az acr build --no-push -t lumen:1 .",
        "az acr repository list -n orchard",
        "clojure -T:build jar",
        "clojure -T:build deploy",
        "conan create . --build=missing",
        "gh workflow run ci.yml -R orchard/lumen",
        "gh api repos/orchard/homebrew-tap/contents/Formula/x.rb",
        "skopeo copy docker://a/b oci:x",
        "aws s3 cp s3://orchard/releases/lumen.tar.gz .",
        "aws s3 sync docs/_build s3://docs.orchard.example",
        "aws s3 sync dist s3://orchard-app --delete",
        "aws s3 cp coverage.zip s3://orchard/coverage/",
        "aws s3 ls s3://orchard/releases/",
        "gsutil cp gs://orchard/x.tgz .",
        "gsutil cp test-results.tar.gz gs://orchard/ci/",
        "gcloud storage cp .cache.tar.gz gs://orchard/cache/",
        "aws s3 cp dist/lumen.tgz s3://orchard/ --dryrun",
        "gh release view v1",
        "npx electron-builder --publish never",
        "git push origin v1",
    ],
)
def test_what_looks_like_it_is_not(script: str) -> None:
    assert found_in(run_of(script)) == ()


@pytest.mark.parametrize(
    ("uses", "inputs", "words"),
    [
        ("changesets/action/publish@v2", "pack-dir-artifact-id: '1'", "npm/oidc"),
        ("changesets/action@v1", "publish: pnpm release", "npm/oidc"),
        ("cycjimmy/semantic-release-action@v4", "", "npm/oidc"),
        ("helm/chart-releaser-action@v1", "", "helm/none"),
        ("appany/helm-oci-chart-releaser@v1", f"registry_password: '{TOKEN}'", "helm/token"),
        ("HaaLeo/publish-vscode-extension@v2", f"pat: '{TOKEN}'", "openvsx/token"),
        (
            "HaaLeo/publish-vscode-extension@v2",
            f"pat: '{TOKEN}'\n    registryUrl: https://marketplace.visualstudio.example",
            "vscode/token",
        ),
        ("lannonbr/vsce-action@v4", "args: publish -p $VSCE_TOKEN", "vscode/unknown"),
        ("gradle/gradle-build-action@v2", "arguments: clean publish", "maven/none"),
        ("samuelmeuli/action-maven-publish@v1", f"nexus_password: '{TOKEN}'", "maven/token"),
        ("dawidd6/action-homebrew-bump-formula@v3", f"token: '{TOKEN}'", "homebrew/token"),
        (
            "peter-evans/repository-dispatch@v3",
            f"repository: orchard/homebrew-tap\n    token: '{TOKEN}'",
            "homebrew/token",
        ),
        ("k-paxian/dart-package-publisher@v1", f"accessToken: '{TOKEN}'", "pub/token"),
        ("conda/actions/canary-release@v1", f"anaconda-org-token: '{TOKEN}'", "anaconda/token"),
        (
            "docker/build-push-action@v6",
            "outputs: type=image,name=a/b,push-by-digest=true,push=${{ inputs.push }}",
            "container/none",
        ),
        ("docker/build-push-action@v6", "outputs: '${{ inputs.where }}'", "container/none"),
        ("docker/bake-action@v6", "set: '*.output=type=registry'", "container/none"),
        (
            "cloudflare/wrangler-action@v3",
            "command: r2 object put x/y.zip --file=y.zip",
            "downloads/none",
        ),
        (
            "google-github-actions/upload-cloud-storage@v2",
            "path: dist/lumen.whl\n    destination: orchard/wheels",
            "downloads/none",
        ),
    ],
)
def test_an_action_is_found(uses: str, inputs: str, words: str) -> None:
    steps = f"- uses: {uses}\n" + (f"  with:\n    {inputs}\n" if inputs else "")
    assert _words(found_in(job_of(steps))) == [words]


@pytest.mark.parametrize(
    ("uses", "inputs"),
    [
        ("changesets/action@v1", "version: pnpm version"),
        ("changesets/action/version@v2", ""),
        ("cycjimmy/semantic-release-action@v4", "dry_run: true"),
        ("helm/chart-releaser-action@v1", "skip_upload: true"),
        ("HaaLeo/publish-vscode-extension@v2", "dryRun: true"),
        ("lannonbr/vsce-action@v4", "args: package"),
        ("gradle/gradle-build-action@v2", "arguments: build"),
        ("gradle/actions/setup-gradle@v4", ""),
        ("peter-evans/repository-dispatch@v3", "repository: orchard/docs"),
        ("docker/build-push-action@v6", "outputs: type=docker,dest=${{ runner.temp }}/x.tar"),
        ("docker/build-push-action@v6", "outputs: type=image,push=false"),
        ("docker/login-action@v4", "registry: quay.example"),
        ("cloudflare/wrangler-action@v3", "command: pages deploy dist"),
        (
            "google-github-actions/upload-cloud-storage@v2",
            "path: coverage\n    destination: orchard/reports",
        ),
        ("actions/upload-artifact@v4", "path: dist/"),
        ("actions/configure-pages@v5", ""),
    ],
)
def test_an_action_that_looks_like_it_is_not(uses: str, inputs: str) -> None:
    steps = f"- uses: {uses}\n" + (f"  with:\n    {inputs}\n" if inputs else "")
    assert found_in(job_of(steps)) == ()


@pytest.mark.parametrize(
    ("uses", "rest", "words"),
    [
        ("dart-lang/setup-dart/.github/workflows/publish.yml@v1", "", "pub/oidc"),
        (
            "docker/github-builder/.github/workflows/bake.yml@v1",
            "with: {push: \"${{ github.event_name != 'pull_request' }}\"}",
            "container/oidc",
        ),
    ],
)
def test_a_called_workflow_is_found(uses: str, rest: str, words: str) -> None:
    assert _words(found_in(CALL.format(uses, rest))) == [words]


@pytest.mark.parametrize(
    ("value", "publishes"),
    [
        ('--dry-run "$DRY_RUN"', True),
        ("--dry-run ${{ inputs.dry }}", True),
        ("--dry-run=${{ inputs.dry }}", True),
        ("--dry-run=false", True),
        ("--dry-run false", True),
        ("--dry-run true", False),
        ("--dry-run=true", False),
        ("--dry-run", False),
        ("--dry-run --verbose", False),
        ("--dry-run $TARBALL", False),
    ],
)
def test_a_dry_run_with_a_value(value: str, publishes: bool) -> None:
    env = "DRY_RUN: '${{ inputs.dry }}'"
    assert bool(found_in(run_of(f"npm publish {value}", env=env))) is publishes


@pytest.mark.parametrize("literal", ["true", "false"])
def test_a_dry_run_by_a_variable_that_is_known(literal: str) -> None:
    env = f"DRY_RUN: '{literal}'"
    found = found_in(run_of('npm publish --dry-run "$DRY_RUN"', env=env))
    assert bool(found) is (literal == "false")


@pytest.mark.parametrize("tool", ["npx semantic-release", "npx release-it", "npx auto shipit"])
def test_without_any_proof_such_a_tool_only_makes_a_release(tool: str) -> None:
    env = "GITHUB_TOKEN: '${{ secrets.GITHUB_TOKEN }}'"
    found = the_one(run_of(tool, env=env, permissions="contents: write"))
    assert (found.registry, found.auth) == ("github-release", "none")
    assert the_one(
        run_of(tool, env=f"NPM_TOKEN: '{TOKEN}'", permissions="contents: write")
    ).auth == ("token")


CHECKOUT = f"""
- uses: actions/checkout@v5
- uses: actions/checkout@v5
  with: {{repository: %s, path: tap, token: '{TOKEN}'}}
- run: |
    cd %s
    git commit -am release
    git push
"""


def test_a_push_into_a_tap_is_a_publication() -> None:
    found = the_one(job_of(CHECKOUT % ("orchard/homebrew-tap", "tap")))
    assert (found.registry, found.auth) == ("homebrew", "token")
    assert found.stored_credentials[0].secret == "SHIP"
    cloned = "git clone https://x:$T@host.example/orchard/homebrew-lumen.git\ncd homebrew-lumen\ngit push"
    assert the_one(run_of(cloned)).registry == "homebrew"


@pytest.mark.parametrize(
    ("repository", "folder"), [("orchard/docs", "tap"), ("orchard/homebrew-tap", "lumen")]
)
def test_a_push_elsewhere_is_none(repository: str, folder: str) -> None:
    assert found_in(job_of(CHECKOUT % (repository, folder))) == ()


@pytest.mark.parametrize(
    "script",
    [
        f"Publish-Module -Name Lumen -NuGetApiKey {TOKEN}",
        f"publish-module -path ./Lumen -nugetapikey {TOKEN}",
        f"Publish-PSResource -Path . -ApiKey {TOKEN} -Repository PSGallery",
        f"Publish-Script -Path x.ps1 -NuGetApiKey '{TOKEN}'",
        "Publish-Module -Name Lumen -NuGetApiKey $env:KEY",
        "Publish-Module -Name Lumen -NuGetApiKey ${env:KEY}",
    ],
)
def test_powershell(script: str) -> None:
    steps = f"- shell: pwsh\n  run: {script}\n  env: {{KEY: '{TOKEN}'}}\n"
    found = the_one(job_of(steps))
    assert (found.registry, found.auth) == ("powershell", "token")
    assert found.channel == "production"
    assert found_in(job_of(steps.replace(script, f"{script} -WhatIf"))) == ()
    assert found_in(job_of(steps.replace(script, "Import-Module Lumen"))) == ()


HUB_LOGIN = """
- uses: docker/login-action@v4.5.0
  env: {DOCKERHUB_OIDC_CONNECTIONID: '${{ vars.CONNECTION }}'}
  with: {username: orchard}
- uses: docker/build-push-action@v6
  with: {push: true, tags: orchard/lumen}
"""


def test_docker_hub_takes_an_identity() -> None:
    found = the_one(job_of(HUB_LOGIN))
    assert (found.auth, found.instance) == ("oidc", DOCKER_HUB)
    assert found.has_trusted_publishing
    token = HUB_LOGIN.replace("username: orchard", f"password: '{TOKEN}'")
    assert the_one(job_of(token)).auth == "token"
    two_steps = HUB_LOGIN.replace(
        "- uses: docker/login-action@v4.5.0\n  env: {DOCKERHUB_OIDC_CONNECTIONID: '${{ vars.CONNECTION }}'}",
        "- uses: docker/oidc-action@v1\n  id: hub\n- uses: docker/login-action@v4",
    ).replace("username: orchard", "password: '${{ steps.hub.outputs.token }}'")
    assert the_one(job_of(two_steps)).auth == "oidc"


def test_other_container_registries_do_not() -> None:
    steps = """
- uses: docker/login-action@v4
  with: {registry: ghcr.example, password: '${{ secrets.GITHUB_TOKEN }}'}
- uses: docker/build-push-action@v6
  with: {push: true, tags: ghcr.example/orchard/lumen}
"""
    found = the_one(job_of(steps))
    assert (found.instance, found.has_trusted_publishing) == (None, False)


def test_a_login_for_pulling_is_no_credential_of_a_push_elsewhere() -> None:
    steps = f"""
- uses: docker/login-action@v4
  with: {{password: '{TOKEN}'}}
- uses: docker/login-action@v4
  with: {{registry: ghcr.example, password: '${{{{ secrets.GITHUB_TOKEN }}}}'}}
- uses: docker/build-push-action@v6
  with: {{push: true, tags: ghcr.example/orchard/lumen}}
"""
    found = the_one(job_of(steps))
    assert (found.auth, found.instance, found.credentials) == ("none", None, ())


def test_images_that_another_action_names() -> None:
    steps = """
- uses: docker/metadata-action@v5
  id: meta
  with: {images: ghcr.example/orchard/lumen}
- uses: docker/login-action@v4
  with: {password: '${{ secrets.HUB }}'}
- uses: docker/build-push-action@v6
  with: {push: true, tags: '${{ steps.meta.outputs.tags }}'}
"""
    assert the_one(job_of(steps)).instance is None
    hub = steps.replace("ghcr.example/orchard/lumen", "orchard/lumen")
    assert the_one(job_of(hub)).instance == DOCKER_HUB
