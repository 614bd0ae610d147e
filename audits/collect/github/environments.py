"""Reads deployment environments by REST; GraphQL lacks ref policies and bypass."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from audits.analysis.environments import is_protected
from audits.collect.github.errors import Json
from audits.collect.github.permissions import Sheet, role_refusal
from audits.collect.github.rest import Answers, RestReader, path_of
from audits.model.settings import EnvironmentSettings, Need, Unseen

ACTIONS = "Actions: read"
ENVIRONMENTS = "Environments: read"
PROTECTED_BRANCHES = "protected branches"
NO_REF = "no branch or tag"

_KNOWN_RULES = ("required_reviewers", "wait_timer", "branch_policy")
_CUSTOM = "custom"


class EnvironmentReader(Struct, frozen=True, kw_only=True):
    """Reads the environments of one repository; ``names`` are those that workflows use."""

    rest: RestReader
    answers: Answers
    sheet: Sheet
    slug: str
    names: frozenset[str]
    on_plan: bool = True
    unchanged: bool = False
    may_list_secrets: bool = True

    @property
    def _path(self) -> str:
        return path_of("repos", *self.slug.split("/", 1), "environments")

    def paths(self) -> tuple[str, ...]:
        """What may be asked, so that stored answers can be loaded before."""
        parts = ("deployment-branch-policies", "deployment_protection_rules", "secrets")
        below = (self._path + path_of(name, part) for name in self.names for part in parts)
        return (self._path, *below)

    def read(self) -> dict[str, EnvironmentSettings] | Unseen:
        """Every environment by lower-cased name; details of those in use."""
        rows = self.sheet.fact(
            "environments",
            Need.SETTINGS,
            ACTIONS,
            lambda: self.rest.listed(
                self.answers, self._path, "environments", _row, unchanged=self.unchanged
            ),
        )
        if isinstance(rows, Unseen):
            return rows
        return {str(row["name"]).lower(): self._environment(row) for row in rows}

    def _environment(self, row: Json) -> EnvironmentSettings:
        name, kind = str(row["name"]), row["policy"]
        found = EnvironmentSettings(
            name=name,
            database_id=row["id"],
            reviewers=row["reviewers"],
            wait_minutes=row["wait"],
            prevent_self_review=row["self"],
            admins_can_bypass=_bypass(row["bypass"]),
            custom_rules=tuple(row["custom"]),
            ref_patterns=(PROTECTED_BRANCHES,) if kind == "protected" else (),
            secret_names=_not_asked(Need.SECRET_NAMES),
            on_plan=self.on_plan or _protected(row),
        )
        if name.lower() not in self.names:
            if kind == _CUSTOM:
                return replace(found, ref_patterns=_not_asked(Need.SETTINGS))
            return found
        if kind == _CUSTOM:
            found = replace(found, ref_patterns=self._patterns(name))
        if is_protected(found) is False:
            # only here would an app's approval change a verdict
            found = replace(found, custom_rules=self._custom_rules(name))
        return replace(found, secret_names=self._secret_names(name))

    def _patterns(self, name: str) -> tuple[str, ...] | Unseen:
        path = self._path + path_of(name, "deployment-branch-policies")
        patterns = self.sheet.fact(
            f"environment {name}: branches and tags",
            Need.SETTINGS,
            ACTIONS,
            lambda: self.rest.listed(
                self.answers,
                path,
                "branch_policies",
                lambda p: f"{p.get('type') or 'branch'}:{p['name']}",
                unchanged=self.unchanged,
            ),
        )
        return patterns if isinstance(patterns, Unseen) else tuple(patterns) or (NO_REF,)

    def _custom_rules(self, name: str) -> tuple[str, ...] | Unseen:
        path = self._path + path_of(name, "deployment_protection_rules")
        rules = self.sheet.fact(
            f"environment {name}: custom rules",
            Need.SETTINGS,
            ACTIONS,
            lambda: self.rest.one(self.answers, path, _custom_names, unchanged=self.unchanged),
        )
        return rules if isinstance(rules, Unseen) else tuple(rules)

    def _secret_names(self, name: str) -> tuple[str, ...] | Unseen:
        subject = f"environment {name}: secrets' names"
        if not self.may_list_secrets:
            return self.sheet.unseen(subject, Need.SECRET_NAMES, role_refusal(), ENVIRONMENTS)
        path = self._path + path_of(name, "secrets")
        names = self.sheet.fact(
            subject,
            Need.SECRET_NAMES,
            ENVIRONMENTS,
            lambda: self.rest.listed(
                self.answers, path, "secrets", lambda s: str(s["name"]), unchanged=self.unchanged
            ),
        )
        return names if isinstance(names, Unseen) else tuple(sorted(names))


def _not_asked(need: Need) -> Unseen:
    return Unseen(need=need, reason="Not asked: no workflow uses this environment.")


def _bypass(value: Json) -> bool | Unseen:
    if isinstance(value, bool):
        return value
    return Unseen(need=Need.SETTINGS, reason="GitHub does not report the administrators' bypass.")


def _protected(row: Json) -> bool:
    return bool(row["reviewers"] or row["wait"] or row["custom"] or row["policy"])


def _row(body: Json) -> Json:
    """One environment of the list, reduced to what is judged; reviewers are only counted."""
    rules = {rule["type"]: rule for rule in body.get("protection_rules") or ()}
    review = rules.get("required_reviewers") or {}
    policy = body.get("deployment_branch_policy") or {}
    kind = "protected" if policy.get("protected_branches") else ""
    return {
        "name": str(body["name"]),
        "id": body.get("id"),
        "reviewers": len(review.get("reviewers") or ()),
        "self": bool(review.get("prevent_self_review")),
        "wait": int((rules.get("wait_timer") or {}).get("wait_timer") or 0),
        "bypass": body.get("can_admins_bypass"),
        "policy": _CUSTOM if policy.get("custom_branch_policies") else kind,
        "custom": sorted(kind for kind in rules if kind not in _KNOWN_RULES),
    }


def _custom_names(body: Json) -> Json:
    rules = body["custom_deployment_protection_rules"]
    return sorted(
        str((rule.get("app") or {}).get("slug") or "app") for rule in rules if rule["enabled"]
    )
