"""Answers REST requests about the invented world, with the rights that GitHub documents."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from tests.collect.github.git_objects import peel
from tests.collect.github.world import (
    Environment,
    EventPolicy,
    Machine,
    Owner,
    Policy,
    Pull,
    Repo,
    Token,
    World,
)

Body = Any
"""Whatever JSON can hold."""


class RefusedError(Exception):
    """A refusal: status, message, and the right that would have sufficed."""

    def __init__(self, status: int, message: str, right: str = "") -> None:
        super().__init__(message)
        self.status, self.message, self.right = status, message, right


@dataclass
class Call:
    world: World
    token: Token
    query: Mapping[str, str]
    parts: Sequence[str]
    path: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def need(self, right: str, *, public: bool = False) -> None:
        if not public and not self.token.may(right.rpartition("organization_")[2]):
            raise RefusedError(
                403, "Resource not accessible by personal access token", f"{right}=read"
            )

    def repo(self) -> Repo:
        owner, name = self.parts[0], self.parts[1]
        found = self.world.repo(owner, name, renames=False)
        if found is None:
            renamed = self.world.repo(owner, name)
            if renamed is not None:
                below = self.path.removeprefix("/repos/").partition("/")[2].partition("/")[2]
                raise RefusedError(301, f"/repos/{renamed.slug}/{below}".rstrip("/"))
            raise RefusedError(404, "Not Found")
        if found.hidden or (found.private and not self.token.private):
            raise RefusedError(404, "Not Found")
        if found.saml:
            raise RefusedError(403, "Resource protected by organization SAML enforcement.", "saml")
        return found

    def organization(self) -> Owner:
        found = self.world.owner(self.parts[0])
        if found is None or found.kind != "Organization":
            raise RefusedError(404, "Not Found")
        return found

    def environment(self) -> Environment:
        wanted = self.parts[2].lower()
        for found in self.repo().environments:
            if found.name.lower() == wanted:
                return found
        raise RefusedError(404, "Not Found")

    def page(self, items: Sequence[Body], name: str) -> Body:
        size = int(self.query.get("per_page", "30"))
        start = (int(self.query.get("page", "1")) - 1) * size
        return {"total_count": len(items), name: list(items[start : start + size])}


def _workflow(policy: Policy) -> Body:
    return {
        "default_workflow_permissions": "write" if policy.default_write else "read",
        "can_approve_pull_request_reviews": policy.can_approve,
    }


def _permissions(policy: Policy, enabled: Body) -> Body:
    body = {"enabled": enabled, "allowed_actions": policy.allowed}
    if policy.sha_pinning is not None:
        body["sha_pinning_required"] = policy.sha_pinning
    return body


def _owner_actions(call: Call) -> Body:
    call.need("organization_administration")
    return _permissions(call.organization().policy, "all")


def _owner_workflow(call: Call) -> Body:
    call.need("organization_administration")
    return _workflow(call.organization().policy)


def _owner_releases(call: Call) -> Body:
    call.need("organization_administration")
    return {"enforced_repositories": call.organization().immutable_releases}


def _owner_secrets(call: Call) -> Body:
    call.need("organization_secrets")
    rows = [{"name": s.name, "visibility": s.visibility} for s in call.organization().secrets]
    return call.page(rows, "secrets")


def _secret_repositories(call: Call) -> Body:
    call.need("organization_secrets")
    secret = next(s for s in call.organization().secrets if s.name == call.parts[1])
    return call.page([{"full_name": name} for name in secret.chosen], "repositories")


def _owner(call: Call) -> Body:
    owner = call.organization()
    plan = {"plan": {"name": owner.plan}} if call.token.may("administration") else {}
    return {"login": owner.login, **plan}


def _repo_actions(call: Call) -> Body:
    repo = call.repo()
    call.need("administration")
    return _permissions(repo.policy, True)


def _repo_workflow(call: Call) -> Body:
    repo = call.repo()
    call.need("administration")
    return _workflow(repo.policy)


def _fork_approval(call: Call) -> Body:
    repo = call.repo()
    call.need("administration")
    if repo.private:
        raise RefusedError(404, "Not Found")
    return {"approval_policy": repo.fork_approval}


def _policies_of(repo: Repo) -> list[tuple[EventPolicy, str, str]]:
    above = repo.owner.event_policies if repo.owner else ()
    owner = repo.owner.login if repo.owner else ""
    own = [(policy, "Repository", repo.slug) for policy in repo.event_policies]
    return [*own, *((policy, "Organization", owner) for policy in above)]


def _listed_policy(policy: EventPolicy, kind: str, source: str) -> dict[str, object]:
    return {
        "id": policy.number,
        "name": policy.name,
        "target": "actions",
        "source_type": kind,
        "source": source,
        "enforcement": policy.enforcement,
    }


def _event_policies(call: Call) -> Body:
    repo = call.repo()
    call.need("administration")
    return call.page([_listed_policy(*each) for each in _policies_of(repo)], "policies")


def _event_policy(call: Call) -> Body:
    repo = call.repo()
    call.need("administration")
    for policy, kind, source in _policies_of(repo):
        if str(policy.number) == call.parts[2]:
            rules: list[dict[str, object]] = []
            if policy.events is not None:
                parameters = {"allowed_events": list(policy.events)}
                rules.append({"type": "restrict_action_events", "parameters": parameters})
            if policy.actors:
                rules.append({"type": "restrict_action_actors", "parameters": {}})
            paths = {"include": list(policy.include), "exclude": list(policy.exclude)}
            return {
                **_listed_policy(policy, kind, source),
                "conditions": {"workflow_path": paths},
                "rules": rules,
            }
    raise RefusedError(404, "Not Found")


def _machine(machine: Machine) -> Body:
    said = {} if machine.ephemeral is None else {"ephemeral": machine.ephemeral}
    labels = [{"name": name, "type": "custom"} for name in machine.labels]
    return {"id": machine.number, "name": machine.name, "os": "linux", "labels": labels, **said}


def _runners(call: Call) -> Body:
    repo = call.repo()
    call.need("administration")
    return call.page([_machine(machine) for machine in repo.machines], "runners")


def _runner_groups(call: Call) -> Body:
    call.need("organization_self_hosted_runners")
    wanted = call.query.get("visible_to_repository", "")
    rows = [
        {
            "id": group.number,
            "name": group.name,
            "visibility": "all" if group.repositories is None else "selected",
            "allows_public_repositories": group.public,
            "restricted_to_workflows": group.workflows is not None,
            "selected_workflows": list(group.workflows or ()),
        }
        for group in call.organization().runner_groups
        if not wanted or group.repositories is None or wanted in group.repositories
    ]
    return call.page(rows, "runner_groups")


def _group_runners(call: Call) -> Body:
    call.need("organization_self_hosted_runners")
    groups = call.organization().runner_groups
    found = next((g for g in groups if str(g.number) == call.parts[1]), None)
    if found is None:
        raise RefusedError(404, "Not Found")
    return call.page([_machine(machine) for machine in found.machines], "runners")


def _collaborators(call: Call) -> Body:
    repo = call.repo()
    if not call.token.sees_people:
        raise RefusedError(403, "Must have push access to view repository collaborators.")
    size, page = int(call.query.get("per_page", "30")), int(call.query.get("page", "1"))
    if page * size < len(repo.people):
        call.headers["Link"] = f'<{call.path}?per_page={size}&page={page + 1}>; rel="next"'
    rows = repo.people[(page - 1) * size : page * size]
    return [{"login": person.login, "role_name": person.role.lower()} for person in rows]


def _secrets(call: Call) -> Body:
    repo = call.repo()
    call.need("secrets")
    return call.page([{"name": n, "updated_at": "2026"} for n in repo.secrets], "secrets")


def _organization_secrets(call: Call) -> Body:
    repo = call.repo()
    call.need("secrets")
    secrets = repo.owner.secrets if repo.owner else ()
    reached = [
        {"name": s.name}
        for s in secrets
        if s.visibility == "all"
        or (s.visibility == "private" and repo.private)
        or repo.slug in s.chosen
    ]
    return call.page(reached, "secrets")


def _environments(call: Call) -> Body:
    repo = call.repo()
    call.need("actions", public=not repo.private and call.token.tier > 0)
    return call.page([_environment(e) for e in repo.environments], "environments")


def _environment(environment: Environment) -> Body:
    rules: list[Body] = []
    if environment.wait_minutes:
        rules.append({"id": 1, "type": "wait_timer", "wait_timer": environment.wait_minutes})
    if environment.reviewers:
        people = [
            {"type": "User", "reviewer": {"login": f"r{i}"}} for i in range(environment.reviewers)
        ]
        rules.append(
            {
                "id": 2,
                "type": "required_reviewers",
                "reviewers": people,
                "prevent_self_review": environment.prevent_self_review,
            }
        )
    policy = None
    if environment.policy:
        rules.append({"id": 3, "type": "branch_policy"})
        policy = {
            "protected_branches": environment.policy == "protected",
            "custom_branch_policies": environment.policy == "custom",
        }
    return {
        "id": environment.number,
        "name": environment.name,
        "protection_rules": rules,
        "deployment_branch_policy": policy,
        "can_admins_bypass": environment.admins_can_bypass,
    }


def _patterns(call: Call) -> Body:
    environment = call.environment()
    rows = []
    for pattern in environment.patterns:
        kind, _, name = pattern.partition(":")
        rows.append({"id": 1, "name": name, "type": kind})
    return call.page(rows, "branch_policies")


def _custom_rules(call: Call) -> Body:
    rules = [{"enabled": True, "app": {"slug": slug}} for slug in call.environment().custom_rules]
    return {"total_count": len(rules), "custom_deployment_protection_rules": rules}


def _environment_secrets(call: Call) -> Body:
    call.need("environments")
    return call.page([{"name": name} for name in call.environment().secrets], "secrets")


def _latest(call: Call) -> Body:
    repo = call.repo()
    call.need("contents")
    if repo.release is None:
        raise RefusedError(404, "Not Found")
    body = {"tag_name": repo.release.tag, "published_at": repo.release.published, "body": "notes"}
    if repo.release.immutable is not None:
        body["immutable"] = repo.release.immutable  # type: ignore[assignment]
    return body


def _blob(call: Call) -> Body:
    repo = call.repo()
    call.need("contents")
    blob = repo.blobs().get(call.parts[2])
    if blob is None:
        raise RefusedError(404, "Not Found")
    content = base64.encodebytes(blob.content).decode()
    return {"sha": blob.oid, "encoding": "base64", "content": content, "size": blob.byteSize}


def _compare(call: Call) -> Body:
    repo = call.repo()
    base, _, head = call.parts[2].partition("...")
    if repo.ref_commit(base) is None or repo.ref_commit(head) is None:
        raise RefusedError(404, "Not Found")
    if repo.head is not None and head == repo.head.oid:
        return {"status": "identical", "files": []}
    if head in repo.ancestors:
        return {"status": "behind", "files": [], "ahead_by": 0, "behind_by": 1}
    return {"status": "diverged", "files": [], "ahead_by": 3, "behind_by": 2}


def _advisories(call: Call) -> Body:
    size, start = int(call.query.get("per_page", "30")), int(call.query.get("after", "0"))
    rows = call.world.advisories
    if start + size < len(rows):
        call.headers["Link"] = f'</advisories?per_page={size}&after={start + size}>; rel="next"'
    return rows[start : start + size]


def _repository(call: Call) -> Body:
    repo = call.repo()
    push = call.token.role in {"ADMIN", "MAINTAIN", "WRITE"}
    return {
        "full_name": repo.slug,
        "default_branch": repo.branch,
        "archived": repo.archived,
        "disabled": repo.disabled,
        "fork": repo.fork,
        "permissions": {"pull": True, "push": push},
    }


def pull_body(repo: Repo, pull: Pull) -> Body:
    return {
        "number": pull.number,
        "state": pull.state,
        "html_url": pull.url or f"https://github.com/{repo.slug}/pull/{pull.number}",
        "merged_at": "2026-11-01T10:00:00Z" if pull.merged else None,
        "title": pull.title,
        "body": pull.body,
        "draft": pull.draft,
        "head": {"ref": pull.head, "sha": pull.sha},
    }


def _pull_files(call: Call) -> Body:
    repo = call.repo()
    pull = next((each for each in repo.pulls if str(each.number) == call.parts[2]), None)
    if pull is None:
        raise RefusedError(404, "Not Found")
    return [{"filename": path} for path in sorted(repo.committed.get(pull.head, ()))]


def _pulls(call: Call) -> Body:
    repo = call.repo()
    owner = repo.owner.login if repo.owner else ""
    state, head = call.query.get("state", "open"), call.query.get("head", "")
    size, page = int(call.query.get("per_page", "30")), int(call.query.get("page", "1"))
    found = [
        pull_body(repo, pull)
        for pull in reversed(repo.pulls)
        if state in {"all", pull.state} and head in {"", f"{owner}:{pull.head}"}
    ]
    return found[(page - 1) * size : page * size]


def _branch_ref(call: Call) -> Body:
    repo = call.repo()
    call.need("contents")
    full = f"refs/heads/{'/'.join(call.parts[2:])}"
    if full not in repo.refs:
        raise RefusedError(404, "Not Found")
    commit = peel(repo.refs[full])
    return {"ref": full, "object": {"sha": commit.oid, "type": "commit"}}


def _commit(call: Call) -> Body:
    repo = call.repo()
    call.need("contents")
    commit = repo.ref_commit(call.parts[2])
    if commit is None:
        raise RefusedError(404, "Not Found")
    return {"sha": commit.oid, "message": commit.message, "tree": {"sha": commit.tree.oid}}


ROUTES: tuple[tuple[str, Callable[[Call], Body]], ...] = (
    ("/advisories", _advisories),
    ("/orgs/*", _owner),
    ("/orgs/*/actions/permissions", _owner_actions),
    ("/orgs/*/actions/permissions/workflow", _owner_workflow),
    ("/orgs/*/actions/secrets", _owner_secrets),
    ("/orgs/*/actions/secrets/*/repositories", _secret_repositories),
    ("/orgs/*/actions/runner-groups", _runner_groups),
    ("/orgs/*/actions/runner-groups/*/runners", _group_runners),
    ("/orgs/*/settings/immutable-releases", _owner_releases),
    ("/repos/*/*", _repository),
    ("/repos/*/*/pulls", _pulls),
    ("/repos/*/*/pulls/*/files", _pull_files),
    ("/repos/*/*/git/ref/heads/*", _branch_ref),
    ("/repos/*/*/git/ref/heads/*/*", _branch_ref),
    ("/repos/*/*/git/commits/*", _commit),
    ("/repos/*/*/actions/permissions", _repo_actions),
    ("/repos/*/*/actions/permissions/workflow", _repo_workflow),
    ("/repos/*/*/actions/permissions/fork-pr-contributor-approval", _fork_approval),
    ("/repos/*/*/actions/policies", _event_policies),
    ("/repos/*/*/actions/policies/*", _event_policy),
    ("/repos/*/*/actions/runners", _runners),
    ("/repos/*/*/actions/secrets", _secrets),
    ("/repos/*/*/collaborators", _collaborators),
    ("/repos/*/*/actions/organization-secrets", _organization_secrets),
    ("/repos/*/*/environments", _environments),
    ("/repos/*/*/environments/*/deployment-branch-policies", _patterns),
    ("/repos/*/*/environments/*/deployment_protection_rules", _custom_rules),
    ("/repos/*/*/environments/*/secrets", _environment_secrets),
    ("/repos/*/*/releases/latest", _latest),
    ("/repos/*/*/git/blobs/*", _blob),
    ("/repos/*/*/compare/*", _compare),
)

_COMPILED = tuple(
    (re.compile("([^/]+)".join(map(re.escape, pattern.split("*")))), handler)
    for pattern, handler in ROUTES
)


def answer(
    world: World, token: Token, path: str, query: Mapping[str, str]
) -> tuple[Body, dict[str, str]]:
    """The body of a GET and its own headers; RefusedError where GitHub would refuse."""
    for pattern, handler in _COMPILED:
        if match := pattern.fullmatch(path):
            call = Call(world, token, query, [unquote(part) for part in match.groups()], path)
            return handler(call), call.headers
    raise RefusedError(404, "Not Found")
