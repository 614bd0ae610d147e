"""Changes the invented world as GitHub does on request: branches, commits, pull requests.

Messages and statuses are those that GitHub gives; what a token or a rule refuses changes nothing.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

from tests.collect.github.git_objects import Blob, Commit, Content, Link, Tree, build_tree, peel
from tests.collect.github.rest import Body, Call, RefusedError, pull_body
from tests.collect.github.world import Pull, Token, World

_NO_RIGHT = "Resource not accessible by personal access token"


class CommitRefusedError(Exception):
    """A refusal of GraphQL: its type and message."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def _need(token: Token, right: str) -> None:
    if right not in token.writes:
        raise RefusedError(403, _NO_RIGHT, f"{right}=write")


def create_ref(call: Call, body: Mapping[str, Any]) -> tuple[int, Body]:
    repo = call.repo()
    _need(call.token, "contents")
    full, sha = str(body["ref"]), str(body["sha"])
    branch = full.removeprefix("refs/heads/")
    commit = repo.ref_commit(sha)
    if repo.archived:
        raise RefusedError(403, "Repository was archived so is read-only.")
    if full in repo.refs:
        raise RefusedError(422, "Reference already exists")
    if any(full.startswith(f"{other}/") or other.startswith(f"{full}/") for other in repo.refs):
        raise RefusedError(422, "Reference update failed")
    if commit is None:
        raise RefusedError(422, "Object does not exist")
    if repo.restricted and fnmatchcase(branch, repo.restricted):
        message = "Repository rule violations found\n\nCannot create ref due to creations being restricted."
        raise RefusedError(422, message)
    repo.refs[full] = commit
    return 201, {"ref": full, "object": {"sha": sha, "type": "commit"}}


def delete_ref(call: Call) -> tuple[int, Body]:
    repo = call.repo()
    _need(call.token, "contents")
    full = f"refs/heads/{'/'.join(call.parts[2:])}"
    if full not in repo.refs:
        raise RefusedError(422, "Reference does not exist")
    del repo.refs[full]
    return 204, None


def create_pull(call: Call, body: Mapping[str, Any]) -> tuple[int, Body]:
    repo = call.repo()
    _need(call.token, "pull_requests")
    head, base = str(body["head"]), str(body["base"])
    tip, onto = repo.refs.get(f"refs/heads/{head}"), repo.refs.get(f"refs/heads/{base}")
    if tip is None or onto is None:
        raise RefusedError(422, "Validation Failed: head or base is invalid")
    if any(pull.head == head and pull.state == "open" for pull in repo.pulls):
        owner = repo.owner.login if repo.owner else ""
        raise RefusedError(422, f"A pull request already exists for {owner}:{head}.")
    if peel(tip).oid == peel(onto).oid:
        raise RefusedError(422, f"No commits between {base} and {head}")
    if body.get("draft") and not repo.drafts:
        raise RefusedError(422, "Draft pull requests are not supported in this repository.")
    pull = Pull(
        number=len(repo.pulls) + 1,
        head=head,
        title=str(body["title"]),
        body=str(body["body"]),
        draft=bool(body.get("draft")),
        sha=peel(tip).oid,
    )
    repo.pulls.append(pull)
    return 201, pull_body(repo, pull)


def change_pull(call: Call, body: Mapping[str, Any]) -> tuple[int, Body]:
    repo = call.repo()
    _need(call.token, "pull_requests")
    pull = next((each for each in repo.pulls if str(each.number) == call.parts[2]), None)
    if pull is None:
        raise RefusedError(404, "Not Found")
    pull.title, pull.body = str(body["title"]), str(body["body"])
    return 200, pull_body(repo, pull)


_ROUTES = (
    ("PATCH", re.compile(r"/repos/([^/]+)/([^/]+)/pulls/(\d+)"), change_pull),
    ("POST", re.compile(r"/repos/([^/]+)/([^/]+)/git/refs"), create_ref),
    ("POST", re.compile(r"/repos/([^/]+)/([^/]+)/pulls"), create_pull),
)
_DELETE = re.compile(r"/repos/([^/]+)/([^/]+)/git/refs/heads/(.+)")


def write(
    world: World, token: Token, verb: str, path: str, body: Mapping[str, Any]
) -> tuple[int, Body]:
    """The status and body of a request that writes; RefusedError where GitHub would refuse."""
    if verb == "DELETE" and (found := _DELETE.fullmatch(path)):
        return delete_ref(Call(world, token, {}, found.groups(), path))
    for wanted, pattern, handler in _ROUTES:
        if verb == wanted and (found := pattern.fullmatch(path)):
            return handler(Call(world, token, {}, found.groups(), path), body)
    raise RefusedError(404, "Not Found")


def commit_on_branch(world: World, token: Token, given: Mapping[str, Any]) -> Commit:
    """The mutation ``createCommitOnBranch``."""
    owner, _, name = str(given["branch"]["repositoryNameWithOwner"]).partition("/")
    repo = world.repo(owner, name)
    full = f"refs/heads/{given['branch']['branchName']}"
    if repo is None or full not in repo.refs:
        raise CommitRefusedError("NOT_FOUND", "Could not resolve to a Ref.")
    if "contents" not in token.writes:
        raise CommitRefusedError("FORBIDDEN", _NO_RIGHT)
    tip = peel(repo.refs[full])
    if tip.oid != given["expectedHeadOid"]:
        wanted = given["expectedHeadOid"]
        raise CommitRefusedError(
            "STALE_DATA",
            f'Expected branch to point to "{wanted}" but it did not.  Pull and try again.',
        )
    files: dict[str, Content] = dict(_files(tip))
    for addition in given["fileChanges"]["additions"]:
        path = str(addition["path"])
        if path.startswith(".github/workflows/") and "workflows" not in token.writes:
            raise CommitRefusedError(
                "FORBIDDEN",
                "refusing to allow a Personal Access Token to create or update workflow "
                f"`{path}` without `workflows` permission",
            )
        files[path] = base64.b64decode(addition["contents"]).decode()
    message = f"{given['message']['headline']}\n\n{given['message'].get('body') or ''}"
    repo.committed.setdefault(str(given["branch"]["branchName"]), set()).update(
        str(addition["path"]) for addition in given["fileChanges"]["additions"]
    )
    made = Commit(build_tree(files), message, datetime.now(UTC))
    repo.refs[full] = made
    return made


def _files(commit: Commit) -> dict[str, Content]:
    found: dict[str, Content] = {}
    pending = [commit.tree]
    for tree in pending:
        for entry in tree.entries:
            if isinstance(entry.object, Tree):
                pending.append(entry.object)
            elif isinstance(entry.object, Blob):
                content = entry.object.content
                is_link = entry.mode == 0o120000
                found[entry.path] = Link(content.decode()) if is_link else content
    return found
