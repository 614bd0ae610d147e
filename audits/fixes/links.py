"""Links to the pages that close a finding, https only, quoted."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote, urlencode

from audits.model.index_hosts import IndexHosts
from audits.model.location import Location
from audits.model.outcome import Finding, Link, SettingsPage
from audits.model.publication import Channel, Publication
from audits.model.quoting import quoted_path, quoted_segment
from audits.model.registry import Registry
from audits.model.remote_path import foreign_path
from audits.model.source import RepositoryRef

NEW_FILE_LIMIT = 6000
"""Longest address of a prefilled new file; web servers refuse longer ones."""

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?")
_COMMIT = re.compile(r"[0-9a-fA-F]{40}(?:[0-9a-fA-F]{24})?")
_REPOSITORY_PAGES = {
    SettingsPage.ENVIRONMENTS: "settings/environments",
    SettingsPage.ACTIONS: "settings/actions",
    SettingsPage.RULES: "settings/rules",
    SettingsPage.SECRETS: "settings/secrets/actions",
    SettingsPage.RELEASES: "settings",
}
_ORGANIZATION_PAGES = {
    SettingsPage.ACTIONS: "actions",
    SettingsPage.RULES: "rules",
    SettingsPage.SECRETS: "secrets/actions",
    SettingsPage.RELEASES: "repository-defaults",
}


@lru_cache(maxsize=64)
def repository_url(ref: RepositoryRef) -> str:
    """The repository's page; "" where owner, name or host are no names on a web host."""
    if not (ref.owner and ref.name and _HOST.fullmatch(ref.host)):
        return ""
    return f"https://{ref.host}/{quoted_segment(ref.owner)}/{quoted_segment(ref.name)}"


def _below(ref: RepositoryRef, *parts: str) -> str:
    base = repository_url(ref)
    return "/".join((base, *parts)) if base else ""


def permalink(ref: RepositoryRef, commit: str, at: Location) -> str:
    """The line at that commit; "" without a full commit id (a folder that is no clone)."""
    if not _COMMIT.fullmatch(commit):
        return ""
    if not at.path:
        return _below(ref, "tree", commit)
    lines = f"#L{max(at.line, 1)}"
    if at.end_line is not None and at.end_line > at.line:
        lines += f"-L{at.end_line}"
    url = _below(ref, "blob", commit, quoted_path(at.path))
    return url and url + lines


def edit_link(ref: RepositoryRef, branch: str, path: str) -> str:
    """GitHub's editor for the file on a branch; it offers a fork to who may not write."""
    if not (branch and path):
        return ""
    return _below(ref, "edit", quoted_path(branch), quoted_path(path))


def new_file_link(ref: RepositoryRef, branch: str, path: str, text: str = "") -> str:
    """GitHub's editor for a new file, with its text where the address can carry it."""
    if not (branch and path):
        return ""
    base = _below(ref, "new", quoted_path(branch))
    named = base and f"{base}?{_query(filename=path)}"
    filled = base and f"{base}?{_query(filename=path, value=text)}"
    return filled if text and len(filled) <= NEW_FILE_LIMIT else named


def _query(**values: str) -> str:
    given = {name: value for name, value in values.items() if value}
    return urlencode(given, quote_via=quote, safe="", errors="replace")


def settings_link(
    ref: RepositoryRef, page: SettingsPage, *, environment_id: int | None = None
) -> str:
    """A settings page of the repository. ``environment_id`` is the database id of the
    environment, whose own page holds its rules and its secrets. "" for the publisher form,
    which is the index's.
    """
    path = _REPOSITORY_PAGES.get(page, "")
    if environment_id is not None and page in {SettingsPage.ENVIRONMENTS, SettingsPage.SECRETS}:
        path = f"settings/environments/{environment_id}/edit"
    return _below(ref, path) if path else ""


def organization_settings_link(ref: RepositoryRef, page: SettingsPage) -> str:
    """A settings page of the owner; "" for pages that only repositories have."""
    path = _ORGANIZATION_PAGES.get(page, "")
    if not (path and ref.owner and _HOST.fullmatch(ref.host)):
        return ""
    return f"https://{ref.host}/organizations/{quoted_segment(ref.owner)}/settings/{path}"


@lru_cache(maxsize=64)
def lesson_link(lesson: str, anchor: str) -> str:
    """A section of the lesson, whose address is ``lesson``."""
    return f"{lesson}#{quote(anchor, safe='', errors='replace')}" if anchor else lesson


def publisher_form(
    ref: RepositoryRef, index: IndexHosts, package: str, workflow: str, environment: str = ""
) -> str:
    """The index's form for a trusted publisher, filled in.

    ``workflow`` may be a path: the form wants the file's name. "" where the index is not read
    over https or the repository is not on GitHub's public host, whose issuer alone it trusts.
    """
    page = index.publishing_page(package)
    if not page or ref.host != "github.com" or not repository_url(ref):
        return ""
    query = _query(
        provider="github",
        owner=ref.owner,
        repository=ref.name,
        workflow_filename=workflow.rpartition("/")[2],
        environment=environment,
    )
    return f"{page}?{query}"


def publication_form(
    ref: RepositoryRef, index: IndexHosts, publication: Publication, environment: str = ""
) -> str:
    """The filled-in form for a publication; "" where its package or registry has none.

    A publication to the test index is registered there; a private index has no such form.
    """
    private = publication.channel is Channel.PRIVATE
    if publication.registry is not Registry.PYPI or private or not publication.packages:
        return ""
    if publication.channel is Channel.TEST:
        index = index.test
    declared = publication.environment
    if not environment and declared is not None and not declared.dynamic:
        environment = declared.name.value
    workflows = publication.publisher_workflows or (publication.workflow.path,)
    return publisher_form(ref, index, publication.packages[0], workflows[0], environment)


def finding_links(
    ref: RepositoryRef,
    finding: Finding,
    *,
    commit: str,
    branch: str,
    lesson: str = "",
    documentation: Iterable[str] = (),
    index: IndexHosts | None = None,
    environment_id: int | None = None,
    with_form: bool = False,
    on_owner: bool = False,
    file_exists: bool = True,
) -> tuple[Link, ...]:
    """Every link of a finding: permalink, edit, settings, publisher, lesson, documentation.

    ``lesson`` is the whole address of the section. ``with_form`` asks for the publisher form
    also where another settings page closes the finding. ``file_exists`` is False where the
    finding is that a file is missing: a new file is offered in place of line and editor.
    """
    page, publication = finding.settings_page, finding.publication
    links: list[tuple[str, str, str]] = []
    if not on_owner:
        links += _file_links(ref, finding, commit, branch, file_exists)
    if page is not None and on_owner:
        links.append(_settings(page, organization_settings_link(ref, page)))
    elif page is not None:
        links.append(_settings(page, settings_link(ref, page, environment_id=environment_id)))
    if index and publication and (with_form or page is SettingsPage.PUBLISHER):
        url = publication_form(ref, index, publication, finding.environment)
        links.append(("publisher", "Publisher form, filled in", url))
    links.append(("lesson", "The lesson's section", lesson))
    links += [("documentation", "Documentation", url) for url in documentation]
    return tuple(
        Link(kind=kind, label=label, url=url)
        for kind, label, url in links
        if url.startswith("https://")
    )


def foreign_links(ref: RepositoryRef, at: Location) -> tuple[str, str]:
    """The pages of a line in another repository's file, and of that repository's issues; "" for
    a file of the repository itself.
    """
    foreign = foreign_path(at.path)
    if foreign is None:
        return "", ""
    there = RepositoryRef(owner=foreign.owner, name=foreign.repo, host=ref.host)
    url = _below(there, "blob", quoted_path(foreign.ref), quoted_path(foreign.path))
    return url and f"{url}#L{max(at.line, 1)}", _below(there, "issues")


def _settings(page: SettingsPage, url: str) -> tuple[str, str, str]:
    return "settings", f"Settings: {page.value}", url


def _file_links(
    ref: RepositoryRef, finding: Finding, commit: str, branch: str, exists: bool
) -> list[tuple[str, str, str]]:
    path = finding.at.path
    foreign = foreign_path(path)
    if foreign is not None:
        return [("permalink", "The line in the called file", foreign_links(ref, finding.at)[0])]
    if not exists:
        text = "".join(edit.new for edit in finding.edits if edit.path == path and not edit.old)
        return [("edit", "Create the file", new_file_link(ref, branch, path, text))]
    return [
        ("permalink", "The line at the audited commit", permalink(ref, commit, finding.at)),
        ("edit", "Edit the file", edit_link(ref, branch, path)),
    ]
