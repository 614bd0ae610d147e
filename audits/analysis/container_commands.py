"""Finds what commands such as ``docker run`` start in a container."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from msgspec import Struct

from audits.model.command import is_assignment

_CONTAINERS = frozenset({"docker", "podman", "nerdctl"})
_FLAG = re.compile(
    r"-[itdqP]+|--(?:rm|interactive|tty|detach|init|privileged|read-only|publish-all|no-healthcheck"
    r"|oom-kill-disable|sig-proxy|quiet|replace)|--[\w-]+=.*|-[evwulhapm].+"
)
"""Options of ``docker run`` without a further word; nearly all others have one."""
_IMAGE_PROGRAMS = {
    "goreleaser/goreleaser": "goreleaser",
    "goreleaser/goreleaser-pro": "goreleaser",
    "goreleaser/goreleaser-cross": "goreleaser",
    "skopeo/stable": "skopeo",
    "containers/skopeo": "skopeo",
    "go-containerregistry/crane": "crane",
    "go-containerregistry/gcrane": "gcrane",
    "regclient/regctl": "regctl",
    "oras-project/oras": "oras",
    "alpine/helm": "helm",
    "kaniko-project/executor": "executor",
    "amazon/aws-cli": "aws",
    "aws-cli/aws-cli": "aws",
    "rclone/rclone": "rclone",
    "minio/mc": "mc",
    "peakcom/s5cmd": "s5cmd",
    "jreleaser/jreleaser-slim": "jreleaser",
    "jreleaser/jreleaser-alpine": "jreleaser",
    "pyo3/maturin": "maturin",
    "konstin2/maturin": "maturin",
    "astral-sh/uv": "uv",
}
"""Programs that images start by themselves, so that only their arguments are given."""


def _program_of(image: str) -> str:
    """The program that an image starts, "" where it is not known: then its command is given."""
    place, slash, last = image.partition("@")[0].rpartition("/")
    parts = f"{place}{slash}{last.partition(':')[0]}".split("/")
    return _IMAGE_PROGRAMS.get("/".join(parts[-2:]), "")


class InContainer(Struct, frozen=True):
    """The words of a program in a container, and the variables that it is given."""

    words: tuple[str, ...]
    env: dict[str, str]

    @property
    def script(self) -> str:
        """The same as a shell's script, with the variables in front."""
        given = (f"{name}={shlex.quote(value)}" for name, value in self.env.items())
        return " ".join((*given, shlex.join(self.words)))


def in_container(words: Sequence[str]) -> InContainer | None:
    """What ``docker run`` or ``docker exec`` starts; None for another command, and where only
    the image says.
    """
    if len(words) < 3 or words[0] not in _CONTAINERS or words[1] not in {"run", "exec"}:
        return None
    env: dict[str, str] = {}
    program, index = "", 2
    while index < len(words) and words[index].startswith("-"):
        name, _, value = words[index].partition("=")
        if not _FLAG.fullmatch(words[index]):
            index += 1
            value = words[index] if index < len(words) else ""
        if name in {"-e", "--env"} and is_assignment(value):
            variable, _, env[variable] = value.partition("=")
        if name == "--entrypoint":
            program = value
        index += 1
    rest = list(words[index + 1 :])
    program = program or (_program_of(words[index]) if index < len(words) else "")
    if program and rest[:1] != [program]:
        rest.insert(0, program)
    return InContainer(tuple(rest), env) if rest else None
