"""Everything that is known of each registry, one complete row for each.

A new registry is one new member of `Registry`. Its row has no defaults, so mypy asks for whatever
is left out, and every other place (channels, credentials, checks, reports) reads the row.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import Enum, StrEnum

from msgspec import Struct
from msgspec.structs import replace


class Claims(Enum):
    """The workflow file that a registry's publisher names."""

    CALLED = "called"
    CALLING = "calling"
    NO_FILE = "no file"


class Refusal(Struct, frozen=True, kw_only=True):
    """An event under which the registry gives no credential, from a day on."""

    event: str
    since: date
    source: str


class Events(Struct, frozen=True, kw_only=True):
    """The events under which a registry gives a credential: all but ``refuses`` where
    ``accepts`` is empty, and only those of ``accepts`` where it is not.
    """

    refuses: tuple[Refusal, ...]
    accepts: frozenset[str]


ALL_EVENTS = Events(refuses=(), accepts=frozenset())


class PublisherRule(StrEnum):
    """A rule that some registries have for their trusted publishers."""

    CALLEE_ELSEWHERE = "the file may be a called workflow of another repository"
    HOSTED_RUNNERS_ONLY = "identities of self-hosted runners are refused"
    ATTESTS_ALONE = "only trusted publishers get attestations in"


class Trait(StrEnum):
    """What a registry or its uploaders do."""

    TAKES_ATTESTATIONS = "uploaders hand in attestations"
    IS_PACKAGE = "people install what it holds by name"
    PACKS_BY_ITSELF = "its uploaders make what they upload, so that no other job could"
    CAN_BE_READ = "this program reads its releases"
    NAMES_PUBLISHERS = "it says of each release whether a trusted publisher made it"


class MinimumClient(Struct, frozen=True, kw_only=True):
    """The first version of a command or an action that can do something.

    ``name`` is a program (``npm``) or an action (``owner/repo``); ``since`` the day on which
    that version came out, None where that is not known.
    """

    name: str
    version: str
    since: date | None
    source: str


class TokenEnd(Struct, frozen=True, kw_only=True):
    """The day on which stored tokens of a kind stop working.

    ``approximate``: the registry announced a month or a quarter, and no day. ``what`` says
    which tokens, and what is left of them.
    """

    on: date
    approximate: bool
    what: str
    source: str


class TrustedPublishing(Struct, frozen=True, kw_only=True):
    """How a registry takes a workflow's identity in place of a stored credential.

    ``since`` is the day from which anybody could use it (the announced month's first day where
    no day is known), None where that is not known. ``how`` completes "publish …", ``where`` is
    the place on the registry's pages at which the publisher is registered. ``limit`` says why
    not everybody can use it (a paid plan, a preview), "" where everybody can.
    ``claims`` is the file that the publisher names. ``clients`` are the programs and actions
    that exchange the identity, with the versions from which they do; ``stage_clients`` those
    that can stage a release for a person's approval.
    """

    since: date | None
    how: str
    where: str
    limit: str
    claims: Claims
    rules: frozenset[PublisherRule]
    events: Events
    clients: tuple[MinimumClient, ...]
    stage_clients: tuple[MinimumClient, ...]
    source: str

    @property
    def open_to_all(self) -> bool:
        """Whether it needs no paid plan and is generally available."""
        return not self.limit

    def was_there(self, day: date) -> bool:
        """Whether it was available on a day; where no date is known, it is taken to be."""
        return self.since is None or self.since <= day


class RegistryInfo(Struct, frozen=True, kw_only=True):
    """The row of a registry.

    ``word`` is in CSV and JSON, ``label`` in sentences. ``hosts`` are the hosts of the
    public instance without their last label (``registry.npmjs``), ``names`` what tools call
    that instance. ``environment`` is what people call the environment of its releases, "" where
    the environment area is not scored. ``token_variables`` are variables
    that give an upload its stored credential, whatever the uploader (``*`` is any text);
    ``credential_names`` is a pattern of what people call such secrets, "" where no name says so.
    """

    word: str
    label: str
    hosts: frozenset[str]
    names: frozenset[str]
    trusted: TrustedPublishing | None
    environment: str
    token_variables: tuple[str, ...]
    credential_names: str
    token_end: TokenEnd | None
    traits: frozenset[Trait]

    @property
    def judges_environment(self) -> bool:
        """Whether the environment area is scored."""
        return bool(self.environment)

    @property
    def found_by_token(self) -> bool:
        """Whether a project's script that is given such a credential is taken to upload: it
        serves nothing else.
        """
        return bool(self.token_variables or self.credential_names)


_WAREHOUSE = "https://github.com/pypi/warehouse"
_NPM_DOCS = "https://github.com/npm/documentation/blob/main/content/packages-and-modules/securing-your-code/trusted-publishers.mdx"
_CRATES_RFC = "https://rust-lang.github.io/rfcs/3691-trusted-publishing-cratesio.html"
_CRATES = "crates"
_CRATES_REFUSES = f"https://github.com/rust-lang/{_CRATES}.io/pull/12219"
_NPM_TOKENS_END = "https://github.blog/changelog/2026-07-07-npm-install-time-security-and-gat-bypass2fa-deprecation"
_NPM_STAGE = "https://github.com/npm/cli/pull/9379"


class Registry(StrEnum):
    """Where packages go; the words are part of the CSV contract, ``info`` is the row."""

    info: RegistryInfo

    def __new__(cls, info: RegistryInfo) -> Registry:
        """A member that is its word, and carries its row."""
        member = str.__new__(cls, info.word)
        member._value_ = info.word
        member.info = info
        return member

    PYPI = RegistryInfo(
        word="pypi",
        label="PyPI",
        hosts=frozenset(),  # known by the address of the index that was asked for
        names=frozenset({"pypi", "upload", "warehouse"}),
        trusted=TrustedPublishing(
            since=date(2023, 4, 20),
            how="with `id-token: write` and an uploader that exchanges the identity",
            where="the project's page, under Manage, Publishing",
            limit="",
            # The claim `job_workflow_ref`: https://github.com/pypi/warehouse/issues/11096
            claims=Claims.CALLED,
            rules=frozenset({PublisherRule.ATTESTS_ALONE}),
            events=Events(
                refuses=(
                    Refusal(
                        event="pull_request_target",
                        since=date(2025, 10, 17),
                        source=f"{_WAREHOUSE}/pull/18886",
                    ),
                ),
                accepts=frozenset(),
            ),
            clients=(
                MinimumClient(
                    name="pypa/gh-action-pypi-publish",
                    version="1.8.0",
                    since=date(2023, 3, 22),
                    source="https://github.com/pypa/gh-action-pypi-publish/releases/tag/v1.8.0",
                ),
                MinimumClient(
                    name="twine",
                    version="6.1.0",
                    since=date(2025, 1, 21),
                    source="https://twine.readthedocs.io/en/stable/changelog.html",
                ),
                MinimumClient(
                    name="pdm",
                    version="2.10.0",
                    since=None,
                    source="https://pdm-project.org/latest/usage/publish/",
                ),
            ),
            stage_clients=(),
            source=f"{_WAREHOUSE}/blob/main/docs/user/trusted-publishers/index.md",
        ),
        environment="pypi",
        token_variables=("PYPI_API_TOKEN", "TWINE_TOKEN"),
        credential_names=r"PYPI|TWINE|UV_PUBLISH|FLIT|HATCH_INDEX|MATURIN_(PASSWORD|PYPI)|PDM_PUBLISH",
        token_end=None,
        traits=frozenset({Trait.TAKES_ATTESTATIONS, Trait.IS_PACKAGE, Trait.CAN_BE_READ}),
    )
    NPM = RegistryInfo(
        word="npm",
        label="npm",
        hosts=frozenset({"registry.npmjs", "registry.yarnpkg", "npmjs"}),
        names=frozenset({"npm"}),
        trusted=TrustedPublishing(
            since=date(2025, 7, 31),
            how="with `id-token: write` and npm 11.5.1 or later, on Node.js 22.14 or later",
            where="the package's page, under Settings, Trusted Publisher",
            limit="",
            claims=Claims.CALLING,
            rules=frozenset({PublisherRule.CALLEE_ELSEWHERE, PublisherRule.HOSTED_RUNNERS_ONLY}),
            events=ALL_EVENTS,
            clients=(
                MinimumClient(
                    name="npm", version="11.5.1", since=date(2025, 7, 24), source=_NPM_DOCS
                ),
                MinimumClient(name="node", version="22.14.0", since=None, source=_NPM_DOCS),
                MinimumClient(
                    name="js-devtools/npm-publish",
                    version="4.0.0",
                    since=None,
                    source="https://github.com/JS-DevTools/npm-publish/releases/tag/v4.0.0",
                ),
            ),
            stage_clients=(
                MinimumClient(
                    name="npm", version="11.15.0", since=date(2026, 5, 22), source=_NPM_STAGE
                ),
                MinimumClient(name="node", version="22.14.0", since=None, source=_NPM_STAGE),
            ),
            source=_NPM_DOCS,
        ),
        environment="npm",
        token_variables=(),
        credential_names=r"NPM|NODE_AUTH",
        token_end=TokenEnd(
            on=date(2027, 1, 1),
            approximate=True,
            what="tokens that bypass two-factor authentication can no longer publish directly",
            source=_NPM_TOKENS_END,
        ),
        traits=frozenset({Trait.TAKES_ATTESTATIONS, Trait.IS_PACKAGE, Trait.CAN_BE_READ}),
    )
    CRATES = RegistryInfo(
        word="crates",
        label="the crates registry",
        hosts=frozenset({"crates", "index.crates", "static.crates"}),
        names=frozenset({"crates-io"}),
        trusted=TrustedPublishing(
            since=date(2025, 7, 11),
            how="with `rust-lang/crates-io-auth-action`",
            where="the crate's page, under Settings, Trusted Publishing",
            limit="",
            # The claim `workflow_ref`, in the registry's crate `crates_io_trustpub`.
            claims=Claims.CALLING,
            rules=frozenset({PublisherRule.CALLEE_ELSEWHERE, PublisherRule.ATTESTS_ALONE}),
            events=Events(
                refuses=tuple(
                    Refusal(event=event, since=date(2025, 10, 28), source=_CRATES_REFUSES)
                    for event in ("pull_request_target", "workflow_run")
                ),
                accepts=frozenset(),
            ),
            clients=(
                MinimumClient(
                    name="release-plz/action",
                    version="0.5.100",
                    since=None,
                    source="https://release-plz.dev/docs/github/quickstart",
                ),
            ),
            stage_clients=(),
            source=_CRATES_RFC,
        ),
        environment="crates-io",
        token_variables=(),
        credential_names=r"CARGO|CRATES?_?IO",
        token_end=None,
        traits=frozenset(
            {Trait.IS_PACKAGE, Trait.PACKS_BY_ITSELF, Trait.CAN_BE_READ, Trait.NAMES_PUBLISHERS}
        ),
    )
    RUBYGEMS = RegistryInfo(
        word="rubygems",
        label="RubyGems",
        hosts=frozenset({"rubygems"}),
        names=frozenset({"rubygems"}),
        trusted=TrustedPublishing(
            since=date(2023, 12, 14),
            how="with `rubygems/release-gem` or `rubygems/configure-rubygems-credentials`",
            where="the gem's page, under Trusted publishers",
            limit="",
            # The claim `job_workflow_ref`, as its guide to trusted publishing says.
            claims=Claims.CALLED,
            # The form has a field for the repository of the workflow.
            rules=frozenset({PublisherRule.CALLEE_ELSEWHERE}),
            events=ALL_EVENTS,
            clients=(
                MinimumClient(
                    name="rubygems/release-gem",
                    version="1",
                    since=None,
                    source="https://github.com/rubygems/release-gem",
                ),
            ),
            stage_clients=(),
            source="https://github.com/rubygems/release-gem",
        ),
        environment="rubygems",
        token_variables=(),
        credential_names=r"RUBYGEMS|GEM_HOST",
        token_end=None,
        traits=frozenset({Trait.TAKES_ATTESTATIONS, Trait.IS_PACKAGE}),
    )
    NUGET = RegistryInfo(
        word="nuget",
        label="NuGet",
        hosts=frozenset({"api.nuget", "nuget"}),
        names=frozenset({"nuget"}),
        trusted=TrustedPublishing(
            since=date(2025, 9, 22),
            how="with `NuGet/login`",
            where="the account's menu, under Trusted Publishing",
            limit="",
            # The called workflow: https://github.com/NuGet/login/issues/24
            claims=Claims.CALLED,
            rules=frozenset(),
            events=ALL_EVENTS,
            clients=(
                MinimumClient(
                    name="nuget/login",
                    version="1",
                    since=date(2025, 9, 22),
                    source="https://github.com/NuGet/login",
                ),
            ),
            stage_clients=(),
            source="https://github.com/NuGet/login",
        ),
        environment="nuget",
        token_variables=(),
        credential_names=r"NUGET",
        token_end=None,
        traits=frozenset({Trait.IS_PACKAGE}),
    )
    CONTAINER = RegistryInfo(
        word="container",
        label="a container registry",
        hosts=frozenset(
            {"docker", "index.docker", "registry-1.docker", "registry.hub.docker", "ghcr", "quay"}
            | {"gcr", "public.ecr", "registry.gitlab", "mcr.microsoft"}
        ),
        names=frozenset(),
        trusted=None,  # Docker Hub, which has it, has a row of its own: DOCKER_HUB
        environment="",
        token_variables=("DOCKER*PASSWORD", "DOCKER*TOKEN", "DH_PASSWORD", "*QUAY*PASSWORD"),
        credential_names=r"DOCKER|QUAY",
        token_end=None,
        traits=frozenset({Trait.PACKS_BY_ITSELF}),
    )
    ANACONDA = RegistryInfo(
        word="anaconda",
        label="Anaconda",
        hosts=frozenset({"anaconda", "api.anaconda"}),
        names=frozenset(),
        trusted=None,
        environment="anaconda",
        token_variables=(),
        credential_names=r"ANACONDA|CONDA_(?:TOKEN|API)",
        token_end=None,
        traits=frozenset({Trait.IS_PACKAGE}),
    )
    GORELEASER = RegistryInfo(
        word="goreleaser",
        label="where goreleaser's configuration says",
        hosts=frozenset(),
        names=frozenset(),
        trusted=None,
        environment="",
        token_variables=(),
        credential_names="",
        token_end=None,
        traits=frozenset({Trait.PACKS_BY_ITSELF}),
    )
    GITHUB_RELEASE = RegistryInfo(
        word="github-release",
        label="GitHub Releases",
        hosts=frozenset(),
        names=frozenset(),
        trusted=None,
        environment="",
        token_variables=(),  # the workflow's own token, which every job has
        credential_names="",
        token_end=None,
        traits=frozenset({Trait.PACKS_BY_ITSELF}),
    )
    JSR = RegistryInfo(
        word="jsr",
        label="JSR",
        hosts=frozenset({"jsr", "npm.jsr"}),
        names=frozenset({"jsr"}),
        trusted=TrustedPublishing(
            since=date(2024, 3, 1),
            how="with `id-token: write` and `deno publish` or `npx jsr publish` without a token",
            where="the package's page, under Settings, GitHub Repository",
            limit="",
            claims=Claims.NO_FILE,  # the package is linked to the repository
            rules=frozenset({PublisherRule.CALLEE_ELSEWHERE, PublisherRule.ATTESTS_ALONE}),
            events=ALL_EVENTS,
            clients=(),
            stage_clients=(),
            source="https://github.com/jsr-io/jsr/blob/main/frontend/docs/publishing-packages.md",
        ),
        environment="jsr",
        token_variables=("JSR_TOKEN", "DENO_AUTH_TOKENS"),
        credential_names=r"(?<![A-Z])JSR",
        token_end=None,
        traits=frozenset({Trait.TAKES_ATTESTATIONS, Trait.IS_PACKAGE}),
    )
    PUB = RegistryInfo(
        word="pub",
        label="Dart's package registry",
        hosts=frozenset({"pub", "pub.dartlang"}),
        names=frozenset({"pub"}),
        trusted=TrustedPublishing(
            since=None,  # setup-dart had it in review on 2022-11-29: the day is not known
            how="with `id-token: write`, by the push of a tag that fits the package's pattern",
            where="the package's Admin tab, under Automated publishing",
            limit="",
            claims=Claims.NO_FILE,  # repository, tag pattern and environment
            rules=frozenset({PublisherRule.CALLEE_ELSEWHERE}),
            events=Events(refuses=(), accepts=frozenset({"push", "workflow_dispatch"})),
            clients=(
                MinimumClient(
                    name="dart-lang/setup-dart",
                    version="1.4.0",
                    since=None,
                    source="https://dart.dev/tools/pub/automated-publishing",
                ),
            ),
            stage_clients=(),
            source="https://dart.dev/tools/pub/automated-publishing",
        ),
        environment="pub",
        token_variables=("PUB_TOKEN", "PUB_DEV_TOKEN", "PUB_CREDENTIALS", "PUB_DEV_CREDENTIALS"),
        credential_names=r"(?<![A-Z])PUB_?(?:DEV|CRED|TOKEN)|DART_?PUB",
        token_end=None,
        traits=frozenset({Trait.IS_PACKAGE, Trait.PACKS_BY_ITSELF}),
    )
    PREFIX = RegistryInfo(
        word="prefix",
        label="prefix's Conda channels",
        hosts=frozenset({"prefix", "repo.prefix"}),
        names=frozenset(),
        trusted=TrustedPublishing(
            # The day its documentation was written: prefix-dev/rattler-build#1194.
            since=date(2024, 11, 14),
            how="with `id-token: write` and `rattler-build upload prefix` without a key",
            where="the channel's settings, under Trusted Publishers",
            limit="",
            claims=Claims.CALLED,
            rules=frozenset({PublisherRule.ATTESTS_ALONE}),
            events=ALL_EVENTS,
            clients=(),
            stage_clients=(),
            source="https://rattler.build/latest/publish/",
        ),
        environment="prefix",
        token_variables=("PREFIX_API_KEY",),
        credential_names=r"PREFIX_(?:DEV|API|KEY|TOKEN)",
        token_end=None,
        traits=frozenset({Trait.IS_PACKAGE}),
    )
    OPENVSX = RegistryInfo(
        word="openvsx",
        label="Open VSX",
        hosts=frozenset({"open-vsx"}),
        names=frozenset({"openvsx", "open-vsx"}),
        trusted=TrustedPublishing(
            # Server 1.2.0, which has it, was not in production before this day.
            since=date(2026, 9, 10),
            how="with `id-token: write` and `ovsx publish` without a token",
            where="the namespace's settings, under Trusted Publishing",
            limit="",
            claims=Claims.CALLING,
            rules=frozenset(),
            events=ALL_EVENTS,
            clients=(),
            stage_clients=(),
            source="https://github.com/eclipse-openvsx/openvsx/wiki/Trusted-Publishing",
        ),
        environment="openvsx",
        token_variables=("OVSX_PAT", "OVSX_TOKEN", "OPEN_VSX_TOKEN", "OPEN_VSX_PAT"),
        credential_names=r"OVSX|OPEN_?VSX",
        token_end=None,
        traits=frozenset({Trait.IS_PACKAGE, Trait.PACKS_BY_ITSELF}),
    )
    VSCODE = RegistryInfo(
        word="vscode",
        label="the VS Code Marketplace",
        hosts=frozenset({"marketplace.visualstudio"}),
        names=frozenset(),
        trusted=TrustedPublishing(
            since=date(2026, 7, 23),
            how="with `id-token: write` and `vsce publish --oidc`, or with `azure/login` and `vsce publish --azure-credential`",
            where="the publisher's page, under Trusted Publishing",
            limit="the publisher's policy is not yet offered to every account",
            claims=Claims.CALLING,
            rules=frozenset(),
            events=ALL_EVENTS,
            clients=(
                MinimumClient(
                    name="vsce",
                    version="3.9.3",
                    since=date(2026, 7, 23),
                    source="https://github.com/microsoft/vscode-vsce/pull/1291",
                ),
            ),
            stage_clients=(),
            source="https://code.visualstudio.com/api/working-with-extensions/publishing-extension",
        ),
        environment="vscode",
        token_variables=("VSCE_PAT", "VSCE_TOKEN", "VS_MARKETPLACE_TOKEN"),
        credential_names=r"VSCE|VS(?:CODE)?_?MARKETPLACE|(?<![A-Z])VSM",
        token_end=TokenEnd(
            on=date(2026, 12, 1),
            approximate=False,
            what="global personal access tokens of Azure DevOps, which `vsce` uploads with, end",
            source="https://github.com/microsoft/vscode-vsce/pull/1291",
        ),
        traits=frozenset({Trait.IS_PACKAGE, Trait.PACKS_BY_ITSELF}),
    )
    HELM = RegistryInfo(
        word="helm",
        label="a Helm chart repository",
        hosts=frozenset({"ghcr", "docker", "registry-1.docker", "quay", "public.ecr"}),
        names=frozenset(),
        trusted=None,
        environment="",
        token_variables=("HELM_*PASSWORD", "HELM_*TOKEN", "CHARTMUSEUM_*PASS*"),
        credential_names="",
        token_end=None,
        traits=frozenset({Trait.PACKS_BY_ITSELF}),
    )
    MAVEN = RegistryInfo(
        word="maven",
        label="Maven Central",
        hosts=frozenset(
            {"central.sonatype", "ossrh-staging-api.central.sonatype", "oss.sonatype"}
            | {"s01.oss.sonatype", "repo1.maven", "repo.maven.apache", "plugins.gradle"}
        ),
        names=frozenset({"central", "ossrh", "sonatype", "mavencentral"}),
        trusted=None,  # https://central.sonatype.org/news/20250326_ossrh_sunset/
        environment="",
        token_variables=(
            *("MAVEN_*PASSWORD", "MAVEN_*TOKEN", "OSSRH_*PASSWORD", "OSSRH_*TOKEN"),
            *("SONATYPE_*PASSWORD", "SONATYPE_*TOKEN", "CENTRAL_*PASSWORD", "CENTRAL_*TOKEN"),
            *("ORG_GRADLE_PROJECT_*PASSWORD", "ORG_GRADLE_PROJECT_*TOKEN"),
            *("GRADLE_PUBLISH_SECRET", "MAVEN_CENTRAL_*PASSWORD"),
            *("CLOJARS_*PASSWORD", "CLOJARS_*TOKEN"),
        ),
        credential_names=r"OSSRH|SONATYPE|MAVEN|NEXUS_P",
        token_end=None,
        traits=frozenset({Trait.IS_PACKAGE, Trait.PACKS_BY_ITSELF}),
    )
    HOMEBREW = RegistryInfo(
        word="homebrew",
        label="a Homebrew tap",
        hosts=frozenset(),
        names=frozenset(),
        trusted=None,
        environment="",
        token_variables=(
            "HOMEBREW_*TOKEN",
            "COMMITTER_TOKEN",
            "HOMEBREW_*DEPLOY_KEY",
            "TAP_*TOKEN",
        ),
        credential_names=r"HOMEBREW|(?<![A-Z])TAP_(?:GITHUB_)?TOKEN",
        token_end=None,
        traits=frozenset({Trait.PACKS_BY_ITSELF}),
    )
    HEX = RegistryInfo(
        word="hex",
        label="Hex",
        hosts=frozenset({"hex", "repo.hex"}),
        names=frozenset({"hexpm"}),
        trusted=None,
        environment="",
        token_variables=("HEX_API_KEY", "HEXPM_API_KEY", "HEX_TOKEN", "HEXPM_TOKEN"),
        credential_names=r"(?<![A-Z])HEX(?:PM)?_",
        token_end=None,
        traits=frozenset({Trait.IS_PACKAGE, Trait.PACKS_BY_ITSELF}),
    )
    POWERSHELL = RegistryInfo(
        word="powershell",
        label="the PowerShell Gallery",
        hosts=frozenset({"powershellgallery"}),
        names=frozenset({"psgallery"}),
        trusted=None,  # asked for: https://github.com/PowerShell/PowerShellGallery/issues/353
        environment="",
        token_variables=(
            *("PSGALLERY_*KEY", "PSGALLERY_*TOKEN", "PSG_*KEY"),
            *("POWERSHELL_GALLERY_*KEY", "POWERSHELL_GALLERY_*TOKEN"),
        ),
        credential_names=r"PSGALLERY|POWERSHELL_?GALLERY",
        token_end=None,
        traits=frozenset({Trait.IS_PACKAGE, Trait.PACKS_BY_ITSELF}),
    )
    CONAN = RegistryInfo(
        word="conan",
        label="a Conan remote",
        # ConanCenter takes recipes as pull requests only; uploads go to servers of one's own:
        # https://docs.conan.io/2/reference/commands/upload.html
        hosts=frozenset({"center2.conan", "center.conan"}),
        names=frozenset({"conancenter"}),
        trusted=None,
        environment="",
        token_variables=("CONAN_PASSWORD*", "CONAN_*_PASSWORD", "CONAN_*TOKEN"),
        credential_names=r"(?<![A-Z])CONAN",
        token_end=None,
        traits=frozenset({Trait.IS_PACKAGE, Trait.PACKS_BY_ITSELF}),
    )
    DOWNLOADS = RegistryInfo(
        word="downloads",
        label="a storage that people download from",
        hosts=frozenset(),
        names=frozenset(),
        trusted=None,
        environment="",
        token_variables=(),  # a cloud's keys serve a hundred other purposes
        credential_names="",
        token_end=None,
        traits=frozenset({Trait.PACKS_BY_ITSELF}),
    )

    @property
    def has_trusted_publishing(self) -> bool:
        """Whether every instance takes an OIDC identity in place of a stored credential."""
        return self.info.trusted is not None

    @property
    def judges_environment(self) -> bool:
        """Whether the environment area applies."""
        return self.info.judges_environment


DOCKER_HUB: RegistryInfo = replace(
    Registry.CONTAINER.info,
    label="Docker Hub",
    hosts=frozenset({"docker", "index.docker", "registry-1.docker", "registry.hub.docker"}),
    trusted=TrustedPublishing(
        since=date(2026, 7, 23),
        how="with `docker/login-action` 4.5.0 or later and a connection's id, without a password",
        where="the organization's Admin Console, under OIDC connections",
        limit="trusted publishing needs an organization with a Team or Business plan there",
        claims=Claims.NO_FILE,  # rules on the identity's subject
        rules=frozenset({PublisherRule.CALLEE_ELSEWHERE}),
        events=ALL_EVENTS,
        clients=(
            MinimumClient(
                name="docker/login-action",
                version="4.5.0",
                since=date(2026, 7, 23),
                source="https://github.com/docker/login-action/pull/1048",
            ),
            MinimumClient(
                name="docker/oidc-action",
                version="1",
                since=None,
                source="https://github.com/docker/docs/pull/25336",
            ),
        ),
        stage_clients=(),
        source="https://docs.docker.com/enterprise/security/oidc-connections/",
    ),
    environment="docker-hub",
    credential_names=r"DOCKER_?HUB|(?<![A-Z])DH_",
)
"""Docker Hub among the container registries: the one that takes an identity."""

_BY_WORD: Mapping[str, Registry] = {registry.value: registry for registry in Registry}


def registry_named(word: str) -> Registry | None:
    """The registry of a word; None for one that this version does not know."""
    return _BY_WORD.get(word)
