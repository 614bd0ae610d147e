"""Writes the text of a pull request: its title, its commit's message and its body."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from audits.checks import all_checks
from audits.model.edit_plan import EditPlan, EditSet
from audits.model.location import Location
from audits.model.outcome import FixKind
from audits.model.proposal import SAFE, change_digest, change_trailer, hidden_mark
from audits.model.publication import Publication
from audits.model.score import AuditedFinding, Score
from audits.report.escape import code, markdown
from audits.report.phrases import count

_MOST_ROWS = 40
_MOST_LEFT = 10
_MOST_LINKS = 10
_MOST_CHARACTERS = 65_000
"""GitHub takes 65,536 characters."""

_PINS = frozenset(
    {
        "unpinned-action",
        "unpinned-reusable-workflow",
        "outdated-action",
        "vulnerable-action",
        "missing-version-comment",
        "mismatched-version-comment",
        "unpinned-image",
    }
)
_TITLES = (
    (_PINS, "Pin actions to commits"),
    (
        frozenset({"default-token-permissions", "broad-job-permissions", "id-token-too-wide"}),
        "Give jobs the rights that they use",
    ),
    (frozenset({"persisted-checkout-credentials"}), "Leave no credential behind a checkout"),
    (frozenset({"updates-not-automated"}), "Let Dependabot update the actions"),
    (
        frozenset({"unbounded-artifact", "unchecked-artifact"}),
        "Bound the artifacts that a release hands on",
    ),
)


_FIRST = {
    "long-lived-token": "Register the trusted publisher at the registry before this is merged: "
    "without it the next release fails. Afterwards revoke the token and delete its secret.",
    "mixed-credentials": "Register the trusted publisher at the registry before this is merged.",
    "publish-without-environment": "Make the environment, with reviewers and for tags only, before "
    "this is merged; the registry's publisher must name it.",
    "shared-environment": "Make the new environment before this is merged; the registry's "
    "publisher must name it.",
    "build-and-publish-in-one-job": "See that the new job has everything that the build needs.",
    "cached-release-build": "See that no later step needs what was restored.",
    "inherited-secrets": "See that the called workflow gets every secret that it uses.",
    "broad-workflow-permissions": "See that each job keeps the rights that its scripts use.",
    "broad-job-permissions": "See that no script of the job uses the right that goes.",
    "id-token-too-wide": "See that nothing in the job asks for an identity.",
    "retired-runner-image": "Run the workflow on the newer image once.",
    "outdated-action": "Read the action's release notes.",
    "vulnerable-action": "Read the action's release notes.",
    "unpinned-action": "See how far the commit is from what the branch names today.",
}
"""What a person settles before an edit of a check is merged."""


def request_title(plan: EditPlan, topic: str) -> str:
    """The title: what changes, where one phrase says it all."""
    made = {found.check for each in plan.made for found in each.findings}
    for checks, title in _TITLES:
        if made <= checks:
            return title
    if topic != SAFE:
        return f"Settle {topic} of the release"
    return f"Make the release safer: {count(len(made), 'kind')} of finding"


def commit_message(plan: EditPlan, topic: str, *, prefix: str = "ci: ", sign_off: str = "") -> str:
    """The commit's message: what, which checks, the change's own name, and whoever signs off."""
    title = request_title(plan, topic)
    rules = sorted({found.check for each in plan.made for found in each.findings})
    digest = change_digest(plan.before.repository.snapshot.commit, plan.files)
    listed = "\n".join(f"- {rule}" for rule in rules)
    begun = f"{prefix.rstrip()} " if prefix.strip() else ""
    headline = f"{begun}{title[:1].lower()}{title[1:]}" if begun else title
    trailers = [change_trailer(digest), *([f"Signed-off-by: {sign_off}"] if sign_off else [])]
    return f"{headline}\n\nFindings of release-audit:\n{listed}\n\n" + "\n".join(trailers)


def request_text(plan: EditPlan, topic: str, others: Sequence[str] = ()) -> str:
    """The text of the request in Markdown; everything from the repository is escaped.

    ``others`` are the pages of update bots' open requests.
    """
    parts = [
        *_summary(plan),
        "",
        *_table(plan.made),
        "",
        "### Why the release still works",
        "",
        *_reasons(plan),
        "",
        "### Before merging",
        "",
        *_before_merging(plan, others),
        *_not_done(plan),
        "",
        "To decline, close this request: what it names is not proposed again.",
    ]
    mark = hidden_mark(topic, proposed_fingerprints(plan))
    text = "\n".join(parts)[: _MOST_CHARACTERS - len(mark)]
    return f"{text}\n\n{mark}\n"


def proposed_fingerprints(plan: EditPlan) -> tuple[str, ...]:
    """The findings that the plan closes."""
    return tuple(dict.fromkeys(f.fingerprint for each in plan.made for f in each.findings))


def _summary(plan: EditPlan) -> Iterator[str]:
    found = [f for each in plan.made for f in each.findings]
    closes = count(len(found), "finding")
    files = count(len(plan.files), "file")
    yield f"This changes {files} and closes {closes} about how the repository releases."
    before, after = _grade(plan.before.score), _grade(plan.after.score)
    if before == after:
        yield f"The score stays {before}."
    else:
        yield f"The score rises from **{before}** to **{after}**."


def _grade(score: Score) -> str:
    return f"{score.grade} {score.points:g}" if score.points is not None else str(score.grade)


def _table(made: Sequence[EditSet]) -> Iterator[str]:
    titles = {check.id: check.title for check in all_checks()}
    rows: dict[tuple[str, str, str], list[int]] = {}
    for each in made:
        for found in each.findings:
            at: Location = found.finding.at
            key = (at.path, found.check, found.severity.name.lower())
            rows.setdefault(key, []).append(at.line)
    yield "| file | finding | severity | lines |"
    yield "|---|---|---|---|"
    for (path, check, severity), lines in sorted(rows.items())[:_MOST_ROWS]:
        title = markdown(titles.get(check, check).rstrip("."))
        shown = ", ".join(str(line) for line in sorted(set(lines))[:8])
        yield f"| {code(path)} | {title} ({code(check)}) | {severity} | {shown} |"
    if len(rows) > _MOST_ROWS:
        yield f"| and {len(rows) - _MOST_ROWS} more | | | |"


def _reasons(plan: EditPlan) -> Iterator[str]:
    before = _publications(plan.before.repository.publications)
    after = _publications(plan.after.repository.publications)
    if before == after and before:
        yield "The same uploads are there before and after, with the same credentials:"
        yield ""
        yield from (f"- {line}" for line in before)
    elif before:
        yield "The uploads change, as the findings ask for:"
        yield ""
        yield from (f"- before: {line}" for line in before)
        yield from (f"- after: {line}" for line in after)
    else:
        yield "No job here was seen to publish; no step, order or condition changes."
    said = dict.fromkeys(
        advice
        for each in plan.made
        if each.kind is FixKind.SAFE
        for advice in (each.advice, *(found.finding.advice for found in each.findings))
        if advice
    )
    if said:
        yield ""
        yield from (f"- {markdown(advice)}" for advice in list(said)[:_MOST_ROWS])


def _publications(publications: Iterable[Publication]) -> tuple[str, ...]:
    lines = []
    for each in publications:
        names = ", ".join(code(name) for name in each.packages) or "a package"
        given = ", ".join(sorted({code(c.name) for c in each.credentials if c.name}))
        by = given or ("the job's identity" if each.id_token else "no credential seen")
        lines.append(f"{names} to {each.info.label} from {code(each.workflow.path)}, with {by}")
    return tuple(dict.fromkeys(lines))


def _before_merging(plan: EditPlan, others: Sequence[str]) -> Iterator[str]:
    review = [each for each in plan.made if each.kind is FixKind.REVIEW]
    said = [each.advice for each in review if each.advice]
    said += [_FIRST[f.check] for each in review for f in each.findings if f.check in _FIRST]
    for advice in dict.fromkeys(said):
        yield f"- [ ] {markdown(advice)}"
    for label, url in _links(found for each in review for found in each.findings):
        yield f"- [ ] {markdown(label)}: <{url}>"
    yield "- [ ] Read the diff, and let the checks of this request run."
    for url in others:
        yield f"- An update bot has a request on the same files: <{url}>"


def _links(findings: Iterable[AuditedFinding]) -> list[tuple[str, str]]:
    """The pages on which a person settles what an edit needs first."""
    found = {
        link.url: link.label
        for finding in findings
        for link in finding.links
        if link.kind in {"settings", "publisher"}
    }
    return [(label, url) for url, label in found.items()][:_MOST_LINKS]


def _not_done(plan: EditPlan) -> Iterator[str]:
    if not plan.left:
        return
    yield ""
    yield "### Not done here"
    yield ""
    reasons = Counter((left.finding.check, str(left.reason)) for left in plan.left)
    for (check, reason), number in list(reasons.items())[:_MOST_LEFT]:
        yield f"- {code(check)}, {count(number, 'place')}: {reason}"
    if len(reasons) > _MOST_LEFT:
        yield f"- and {len(reasons) - _MOST_LEFT} more"
