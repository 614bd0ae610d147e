"""Reads deployment environments by REST; GraphQL lacks ref policies and bypass."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from audits.analysis.environments import is_protected
from audits.collect.github.fact_reader import FactReader, role_refusal
from audits.collect.github.responses import CustomRules, DeployEnvironment, NamedSecret, RefPattern
from audits.collect.github.rest import Answers, RestReader, path_of
from audits.model.settings import EnvironmentSettings, Need, Unseen

ACTIONS = "Actions: read"
ENVIRONMENTS = "Environments: read"
PROTECTED_BRANCHES = "protected branches"
NO_REF = "no branch or tag"
NO_SECRETS = ("READ", "TRIAGE")
"""Roles of people to whom GitHub lists no secrets' names."""

_KNOWN_RULES = ("required_reviewers", "wait_timer", "branch_policy")
_CUSTOM = "custom"


class EnvironmentReader(Struct, frozen=True, kw_only=True):
    """Reads the environments of one repository; ``names`` are those that workflows use, ``role``
    is the person's, "" where it is not known.
    """

    rest: RestReader
    answers: Answers
    sheet: FactReader
    slug: str
    names: frozenset[str]
    on_plan: bool = True
    unchanged: bool = False
    role: str = ""

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
                self.answers,
                self._path,
                "environments",
                DeployEnvironment,
                unchanged=self.unchanged,
            ),
        )
        if isinstance(rows, Unseen):
            return rows
        return {row.name.lower(): self._environment(row) for row in rows}

    def _environment(self, row: DeployEnvironment) -> EnvironmentSettings:
        name, policy = row.name, row.deployment_branch_policy
        rules = {rule.type: rule for rule in row.protection_rules or ()}
        review, timer = rules.get("required_reviewers"), rules.get("wait_timer")
        protected = policy is not None and policy.protected_branches
        kind = _CUSTOM if policy is not None and policy.custom_branch_policies else ""
        found = EnvironmentSettings(
            name=name,
            database_id=row.id,
            reviewers=len(review.reviewers or ()) if review else 0,
            wait_minutes=(timer.wait_timer or 0) if timer else 0,
            prevent_self_review=bool(review and review.prevent_self_review),
            admins_can_bypass=_bypass(row.can_admins_bypass),
            custom_rules=tuple(sorted(rule for rule in rules if rule not in _KNOWN_RULES)),
            ref_patterns=(PROTECTED_BRANCHES,) if protected and not kind else (),
            secret_names=_not_asked(Need.SECRET_NAMES),
        )
        seen = found.reviewers or found.wait_minutes or found.custom_rules or protected or kind
        found = replace(found, on_plan=self.on_plan or bool(seen))
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
                RefPattern,
                unchanged=self.unchanged,
            ),
        )
        if isinstance(patterns, Unseen):
            return patterns
        return tuple(pattern.text for pattern in patterns) or (NO_REF,)

    def _custom_rules(self, name: str) -> tuple[str, ...] | Unseen:
        path = self._path + path_of(name, "deployment_protection_rules")
        rules = self.sheet.fact(
            f"environment {name}: custom rules",
            Need.SETTINGS,
            ACTIONS,
            lambda: self.rest.one(self.answers, path, CustomRules, unchanged=self.unchanged),
        )
        if isinstance(rules, Unseen):
            return rules
        listed = rules.custom_deployment_protection_rules
        return tuple(sorted((r.app and r.app.slug) or "app" for r in listed if r.enabled))

    def _secret_names(self, name: str) -> tuple[str, ...] | Unseen:
        subject = f"environment {name}: secrets' names"
        if self.role in NO_SECRETS:
            error = role_refusal(self.role, ENVIRONMENTS)
            return self.sheet.unseen(subject, Need.SECRET_NAMES, error, ENVIRONMENTS)
        path = self._path + path_of(name, "secrets")
        names = self.sheet.fact(
            subject,
            Need.SECRET_NAMES,
            ENVIRONMENTS,
            lambda: self.rest.listed(
                self.answers, path, "secrets", NamedSecret, unchanged=self.unchanged
            ),
        )
        return names if isinstance(names, Unseen) else tuple(sorted(s.name for s in names))


def _not_asked(need: Need) -> Unseen:
    return Unseen(need=need, reason="Not asked: no workflow uses this environment.")


def _bypass(value: bool | None) -> bool | Unseen:
    if value is not None:
        return value
    return Unseen(need=Need.SETTINGS, reason="GitHub does not report the administrators' bypass.")
