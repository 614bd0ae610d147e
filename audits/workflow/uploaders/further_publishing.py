"""Commands and actions that publish to registries that this program does not know.

What they do is reported as an unrecognized publication, never as "publishes nothing". Each row
comes from the program's own documentation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache

from msgspec import Struct

from audits.model.command import Command

_DRY = re.compile(
    r"(?:^|\s)(?:--?dry[-_]?run\b(?!=false)|--dryrun|--help|--version\s*$|--validate[-_]only|--simulate|--check(?:\s|$))"
)
_FILE = (
    r"\.(?:whl|tar\.\w+|tgz|txz|zip|7z|exe|msi|msix|dmg|pkg|deb|rpm|apk|aab|ipa|jar|war|nupkg|gem|crate"
    r"|vsix|appimage|snap|flatpak|conda|iso|bin)\b|\b(?:dist|releases?|wheelhouse|artifacts|downloads?)\b"
)
_FOR_TESTS = r"--(?:repository|project)[= ](?:\$\{\{[^}]*\}\}|(?!\$\{\{)\S)*?(?<![a-z])(?:dev|tests?|staging|sandbox|ci)\b"
"""A repository or project of a cloud that holds builds of changes, by its name."""


class FurtherCommand(Struct, frozen=True, kw_only=True):
    """A command that publishes: its program and the words that follow, options left out.

    ``where`` is a pattern that its text must contain, ``unless`` one that keeps it from
    publishing.
    """

    words: tuple[str, ...]
    where: str = ""
    unless: str = ""


def _all(*commands: str, where: str = "", unless: str = "") -> tuple[FurtherCommand, ...]:
    return tuple(
        FurtherCommand(words=tuple(command.split()), where=where, unless=unless)
        for command in commands
    )


_COMMANDS: tuple[FurtherCommand, ...] = (
    # Clojure and Chef, Puppet, Ansible
    *_all("clojure", "clj", "bb", where=r"\bdeploy\b", unless=r"deploy-(?:docs|site)|:local\b"),
    *_all("knife supermarket share", "knife cookbook site share", unless=r"\s-n\b"),
    *_all("stove", unless=r"\b(?:login|yank)\b"),
    *_all("pdk release", "pdk publish", "puppet-blacksmith push", unless="--skip-publish"),
    *_all("rake module:push", "rake module:release", "ansible-galaxy role import"),
    *_all("ansible-galaxy collection publish", "ansible-galaxy import"),
    # browsers' and apps' stores
    *_all("web-ext sign", "web-ext submit", "wxt submit", "plasmo publish", "extport upload"),
    *_all(
        "fastlane", where=r"\b(?:supply|deliver|pilot|upload_to_\w+|gym_and_upload|release|beta)\b"
    ),
    *_all("eas submit", "eas update", "expo publish", "shorebird release", "shorebird patch"),
    *_all("firebase appdistribution:distribute", "appcenter distribute", "code-push release"),
    *_all("xcrun altool", where=r"--upload-(?:app|package)"),
    *_all("bundletool upload", "gplaycli upload", "transporter upload", "iTMSTransporter"),
    # games
    *_all("steamcmd", where=r"run_app_build|workshop_build_item"),
    *_all("butler push", "gmpublish update", "gmpublish create", "mantle deploy", "rojo upload"),
    *_all("wally publish", "tcli publish", "gdvm publish"),
    # conda and packages of systems
    *_all("quetz post", "quetz upload", "quetz-client post-file-to-channel", "quetz-client upload"),
    *_all("pixi upload", "pixi publish", "rattler-build publish", "conda-forge-tick"),
    *_all("dput", "dput-ng", "dupload", "debrelease", "deb-s3 upload", "rpm-s3", "copr-cli build"),
    *_all("copr build", "osc commit", "osc ci", "fedpkg build", "koji build", "aptly publish"),
    *_all("snapcraft upload", "snapcraft push", "snapcraft release", "charmcraft upload"),
    *_all("charmcraft release", "rockcraft upload", "flat-manager-client push"),
    *_all("flat-manager-client publish", "wingetcreate submit", "komac submit"),
    *_all("wingetcreate", "komac", where=r"(?:^|\s)(?:-s|--submit)\b"),
    *_all("cachix push", "attic push", "nix-store-push", "spack buildcache push"),
    *_all("nix copy", where=r"--to\s+(?!file:|ssh://localhost)\S", unless=r"--to\s+/"),
    *_all("xrepo publish", "cpackget publish", "vagrant cloud publish"),
    *_all("packer registry push", "qgis-plugin-ci release", "krew publish"),
    # languages
    *_all(
        "nimble publish", "opam publish", "opam-publish", "dune-release", where=r"publish|submit"
    ),
    *_all("cabal upload", where=r"--publish|--token|-[pP]\b|\$"),
    *_all("stack upload", "cpan-upload", "dzil release", "minil release", "mbtiny upload"),
    *_all("fez upload", "luarocks upload", "haxelib submit", "dub publish", "elm publish"),
    *_all("spago publish", "pulp publish", "raco pkg", where=r"publish|catalog|upload|submit"),
    *_all("alr publish", "lake upload", "gleam publish", "l3build upload", "ctanupload"),
    *_all("wapm publish", "wasmer publish", "wkg publish", "warg publish", "typship publish"),
    *_all("pod trunk push", "pod repo push", "swift package-registry publish"),
    *_all("shards publish", "cue mod publish", "kpm push", "kcl mod push", "buf push"),
    # registries of files, charts and artifacts
    *_all("oras push", "oras attach", "oras copy", "oras cp", "cosign attach", "cosign copy"),
    *_all(
        "cosign load", "cosign upload", "notation push", "regctl artifact put", "wasm-to-oci push"
    ),
    *_all("helm cm-push", "helm s3 push", "helm gcs push", "helm nexus-push", "helm registry push"),
    *_all(
        "timoni mod push", "timoni bundle push", "flux push artifact", "imgpkg push", "imgpkg copy"
    ),
    *_all("up xpkg push", "crossplane xpkg push", "carvel push", "kbld push", "vendir push"),
    *_all(
        "docker model push", "ollama push", "apptainer push", "singularity push", "ramalama push"
    ),
    *_all(
        "hf upload",
        "huggingface-cli upload",
        "hf upload-large-folder",
        unless=r"\blogs?\b|results?",
    ),
    *_all("kaggle datasets version", "kaggle datasets create", "kaggle models instances versions"),
    *_all("cloudsmith push", "package_cloud push", "fury push", "gemfury push", "balena push"),
    *_all("jf rt upload", "jf rt u", "jfrog rt upload", "jfrog rt u", "jf rt build-publish"),
    *_all("aws codeartifact publish-package-version", "az artifacts universal publish"),
    *_all("gcloud artifacts", where=r"\b(?:upload|import)\b", unless=_FOR_TESTS),
    # What a build of Cloud Build pushes stands in its own file.
    *_all("gcloud builds submit", where=r"--config|\.ya?ml\b"),
    *_all("tfx provider upload", "terraform-registry publish", "mcp-publisher publish"),
    # servers for downloads
    *_all("lftp", where=rf"(?:\bm?put\b|mirror\s[^;]*(?:-R|--reverse)).*(?:{_FILE})"),
    *_all("sftp", where=r"(?:^|\s)-b\b|\bput\b"),
    *_all("ncftpput", "wput", "ftp-upload", where=_FILE),
    *_all("svn commit", "svn ci", unless=r"\b(?:docs?|site)\b"),
)


@cache
def _by_program() -> Mapping[str, tuple[FurtherCommand, ...]]:
    found: dict[str, tuple[FurtherCommand, ...]] = {}
    for row in _COMMANDS:
        found[row.words[0]] = (*found.get(row.words[0], ()), row)
    return found


_MANY_USES = frozenset(
    {"rake", "bb", "fastlane", "gcloud", "svn", "aws", "az", "helm", "cosign", "docker", "nix"}
)


def is_known_program(program: str) -> bool:
    """Whether the table says all that a program publishes, so that its other commands do not."""
    return program in _by_program() and program not in _MANY_USES


def publishes_elsewhere(command: Command) -> bool:
    """Whether a command is one of the table, and is not only tried out."""
    words = command.words
    if words[:1] == ("sshpass",):
        words = next((words[i:] for i in range(1, 4) if words[i : i + 1] == ("sftp",)), words)
    rows = _by_program().get(words[0].rpartition("/")[2] if words else "")
    if rows is None:
        return False
    text = " ".join((*words, *command.redirects))[:2000]
    if _DRY.search(text):
        return False
    plain = [word for word in words[1:] if not word.startswith("-")]
    return any(
        _follow(row.words[1:], plain)
        and (not row.where or re.search(row.where, text) is not None)
        and (not row.unless or re.search(row.unless, text) is None)
        for row in rows
    )


def _follow(wanted: Iterable[str], words: list[str]) -> bool:
    """Whether these words stand in this order among others."""
    left = iter(words)
    return all(any(each == word or each.startswith(word + "-") for each in left) for word in wanted)


PUBLISHING_ACTIONS = frozenset(
    {
        "ksxgithub/github-actions-deploy-aur",
        "ulises-jeremias/github-actions-aur-publish",
        "cssnr/update-aur-action",
        "huggingface/hub-sync",
        "kewisch/action-web-ext",
        "nvim-neorocks/luarocks-tag-release",
        "leafo/gh-actions-luarocks",
        "mamba-org/quetz-upload",
        "artis3n/ansible_galaxy_collection",
        "robertdebock/galaxy-action",
        "juliaregistries/registrator",
        "rmacklin/fetch-through-merge-base-and-publish",
    }
)
"""Actions that publish, whatever they are called."""

PUSHING_ACTIONS: Mapping[str, tuple[str, ...]] = {
    "cpina/github-action-push-to-another-repository": (
        "destination-github-username",
        "destination-repository-name",
    ),
    "nkoppel/push-files-to-another-repository": ("destination-repository",),
    "dmnemec/copy_file_to_another_repo_action": ("destination_repo",),
    "andstor/copycat-action": ("dst_owner", "dst_repo_name"),
    "datamol-io/push-files": ("repository",),
    "ad-m/github-push-action": ("repository",),
    "peaceiris/actions-gh-pages": ("external_repository",),
    "pixta-dev/repository-mirroring-action": ("target_repo_url",),
}
"""Actions that change another repository, with the inputs that say which."""

_INSTALL_SOURCE = re.compile(
    r"(?:^|[/_.-])(?:homebrew|tap|taps|scoop|bucket|winget|aur|ports?|portindex|feedstock|overlay"
    r"|registry|packages?|pkgs|apt|deb|rpms?|yum|ppa|charts?|index|formulae?|casks?|krew|nixpkgs|nur"
    r"|flathub|opam|vcpkg|spack|conan|buildpacks?|plugins?|repos?|specs|releases?|dist|downloads?)"
    r"(?:$|[/_.-])",
    re.IGNORECASE,
)
_NO_PACKAGE = re.compile(
    r"\.github\.io|(?:^|[/_.-])(?:docs?|documentation|sites?|website|pages|wiki|blog|badges?|data"
    r"|benchmarks?|results?|screenshots?|translations?|metrics|status|backup|mirror|gitops|config"
    r"|infra|deployments?|manifests?)(?:$|[/_.-])",
    re.IGNORECASE,
)


def is_install_source(repository: str) -> bool:
    """Whether a repository is called like one that programs are installed from."""
    return _INSTALL_SOURCE.search(repository) is not None and not is_about_pages(repository)


def is_about_pages(repository: str) -> bool:
    """Whether a repository is called like one of documents, results or settings."""
    return _NO_PACKAGE.search(repository) is not None
