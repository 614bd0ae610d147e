"""Finds a checkout's owner and name from the address of its remote."""

from __future__ import annotations

import re
from pathlib import Path

from audits.collect.disk import ReadFault
from audits.collect.folder.files import printable_path
from audits.collect.folder.git import git_repository
from audits.model.source import RepositoryRef

# Addresses as in https://git-scm.com/docs/git-clone#_git_urls; a host without a dot is another
# name for one, of somebody's own SSH settings.
_ADDRESS = re.compile(
    r"(?:(?P<scheme>https?|ssh|git|git\+ssh)://(?:[^/@\s]*@)?|(?:[\w.-]+@)?)"
    r"(?P<host>(?:[\w-]+\.)+[\w-]+)(?P<port>:\d{1,5}(?=/))?(?P<end>[:/])/?"
    r"(?P<owner>[\w.-]+)/(?P<name>[\w.-]+?)(?:\.git)?/?",
    re.ASCII,
)
_SAME = {"www.github.com": "github.com", "ssh.github.com": "github.com"}


def origin_of(path: Path, *, bare: bool = False) -> RepositoryRef:
    """The repository that ``origin`` names; without one, the folder's name below ``local`` and
    no host, as it is not known whose it is.
    """
    name = printable_path(path.resolve().name).removesuffix(".git") or "repository"
    return remote_of(path, bare=bare) or RepositoryRef(owner="local", name=name, host="")


def remote_of(path: Path, *, bare: bool = False) -> RepositoryRef | None:
    """The repository that ``origin`` of a checkout or bare clone names; None where it has no
    such remote, or one that cannot be read. A user name or password in the address is dropped.
    """
    try:
        with git_repository(path, bare=bare) as repository:
            return parse_address(repository.origin()) if repository is not None else None
    except ReadFault:
        return None  # reading the repository meets the same fault, and makes a gap of it


def parse_address(address: str) -> RepositoryRef | None:
    """The repository of a remote's address; None where that is a path, or not understood."""
    found = _ADDRESS.fullmatch(address.strip())
    if found is None or {found["owner"], found["name"]} & {".", ".."}:
        return None
    if found["scheme"] is None and (found["end"] == "/" or found["port"]):
        return None  # a relative path
    host = found["host"].lower()
    if found["scheme"] in {"http", "https"} and found["port"] not in {None, ":443", ":80"}:
        host += found["port"]
    return RepositoryRef(owner=found["owner"], name=found["name"], host=_SAME.get(host, host))
