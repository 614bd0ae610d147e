"""What a check is written with: its declaration, the model it reads, its verdicts, edits, links.

A check imports this module, and from `audits.analysis` and `audits.expressions` what follows
from a workflow.
"""

from __future__ import annotations

from audits.check import Example, check
from audits.checks.constants import (
    DOCKER_DIGESTS,
    GITHUB_ADVISORIES,
    GITHUB_ARTIFACTS,
    GITHUB_CACHE,
    GITHUB_CONTEXTS,
    GITHUB_DEPENDABOT,
    GITHUB_DEPENDABOT_OPTIONS,
    GITHUB_ENVIRONMENTS,
    GITHUB_EVENTS,
    GITHUB_EXPRESSIONS,
    GITHUB_IMAGES,
    GITHUB_IMMUTABLE_RELEASES,
    GITHUB_OIDC,
    GITHUB_ORGANIZATION_ACTIONS,
    GITHUB_REUSE,
    GITHUB_RULESETS,
    GITHUB_RUNNERS,
    GITHUB_SCRIPT_INJECTION,
    GITHUB_SECRETS,
    GITHUB_SECURE_USE,
    GITHUB_SELF_HOSTED,
    GITHUB_TOKEN,
    GITHUB_WORKFLOW_SYNTAX,
    LESSON,
    OPENSSF_TRUSTED_PUBLISHERS,
    PEP_740,
    PYPA_PUBLISH_ACTION,
    PYPA_PUBLISH_GUIDE,
    RENOVATE_PINNING,
    SCORECARD_PINNING,
    SLSA_GENERATOR,
    STEP_ARTIFACT,
    STEP_HARDENED,
    STEP_JOBS,
    STEP_NAME,
    STEP_PUBLISHER,
    STEP_SECURE,
    STEP_TRIGGERS,
    STEP_UPLOAD_JOB,
)
from audits.checks.example_workflows import (
    NPM_RELEASE,
    NPM_RELEASE_OF_CHECKOUT,
    PYPI_RELEASE,
    PYPI_RELEASE_PUBLISHED,
    PYPI_UPLOAD,
    marked,
)
from audits.fixes.drop_credentials import without_credentials, without_input, without_step
from audits.fixes.edits import (
    add_to_job,
    add_to_workflow,
    add_under,
    delete_lines,
    insert_below,
    newline_of,
    owned_comments,
    quoted,
    replace,
    replace_scalar,
    set_input,
)
from audits.fixes.oidc_permission import grant_edits, missing_grants
from audits.fixes.permissions import block, drop_scope, move_to_jobs, relying_jobs, replace_block
from audits.fixes.pin import ActionPin, comment_edits, pin_edits, pin_image, pin_of
from audits.fixes.split_job import split_job
from audits.model.command import Command
from audits.model.evidence import (
    Advisory,
    AdvisoryList,
    ImageDigest,
    PackageEvidence,
    Provenance,
    PublisherKind,
    Release,
    ResolvedRef,
    normalized,
)
from audits.model.exposure import Actor, Exposure, ExposurePath, Holds, PathState, Sink, WayIn
from audits.model.image_name import has_digest
from audits.model.location import Inputs, Location, Scalar
from audits.model.outcome import (
    Area,
    Clean,
    Edit,
    Finding,
    FixKind,
    Outcome,
    SettingsPage,
    Severity,
    Unknown,
    Verdict,
)
from audits.model.platform_facts import (
    BLOCKED_PULL_REQUEST_TARGET,
    CACHE_MODE,
    CHECKOUT_SOURCE,
    LOCK_FILE,
    PYPI_ACTION_NOT_NESTED,
    UNSAFE_CHECKOUT,
    retired_image,
)
from audits.model.publication import Auth, Channel, Credential, CredentialSource, Publication, Route
from audits.model.redaction import clipped
from audits.model.registry import DOCKER_HUB, PublisherRule, Registry, RegistryInfo, Trait
from audits.model.remote_path import foreign_path
from audits.model.repository import Breadth, JobSite, Repository, StepSite
from audits.model.secret_patterns import (
    LOGIN_ACTIONS,
    carries_credential,
    is_literal,
    is_local_host,
    is_local_image,
    names_local_url,
    shapes,
)
from audits.model.settings import (
    NO_ADMINISTRATION,
    NO_SECRET_NAMES,
    NOT_READ,
    ActionsPolicy,
    BypassActor,
    EnvironmentSettings,
    Need,
    OwnerSettings,
    RepositorySettings,
    TagRuleset,
    Unseen,
)
from audits.model.source import SourceFile, lines_of
from audits.model.updates import UpdateAutomation, UpdateBot, UpdateRule
from audits.model.uses import Uses, UsesKind
from audits.model.wording import and_list
from audits.model.workflow import (
    Condition,
    Environment,
    EnvironmentForm,
    Job,
    Level,
    Permissions,
    PermissionsState,
    Role,
    SecretsPassed,
    Step,
    Trigger,
    Workflow,
)
