"""Links: exact addresses for the usual, and nothing but themselves for the odd."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.fixes import links
from audits.model.index_hosts import IndexHosts
from audits.model.location import Location, Scalar
from audits.model.outcome import Edit, Finding, SettingsPage
from audits.model.publication import Auth, Channel, Publication
from audits.model.registry import Registry
from audits.model.source import RepositoryRef, SourceFile
from audits.model.storable import storable
from audits.model.workflow import Environment, EnvironmentForm, Job, Workflow

REF = RepositoryRef(owner="orchard-labs", name="lumen")
SERVER = RepositoryRef(owner="orchard-labs", name="lumen", host="git.orchard.example:8443")
INDEX = IndexHosts.of("https://pypi.example/simple/")
COMMIT = "a" * 40
RELEASE = ".github/workflows/release.yml"
LESSON = "https://lesson.example/publishing.html"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


def publication(environment: str = "", dynamic: bool = False, **changes: object) -> Publication:
    at = Location(path=RELEASE, line=30)
    declared = Environment(
        form=EnvironmentForm.STRING,
        at=at,
        dynamic=dynamic,
        name=Scalar(environment, line=30, column=1, start=0, end=0),
    )
    values: dict[str, object] = {
        "workflow": Workflow(source=SourceFile.of(RELEASE, b"")),
        "job": Job(id="publish", path=RELEASE, at=at, span=(0, 0)),
        "step": 0,
        "at": at,
        "registry": Registry.PYPI,
        "channel": Channel.PRODUCTION,
        "mechanism": "twine",
        "auth": Auth.OIDC,
        "packages": ("lumen",),
        "environment": declared if environment else None,
    }
    return Publication(**{**values, **changes})  # type: ignore[arg-type]  # checked by the class


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (Location(path=RELEASE, line=7), f"{RELEASE}#L7"),
        (Location(path=RELEASE, line=7, end_line=9), f"{RELEASE}#L7-L9"),
        (Location(path=RELEASE, line=7, end_line=7), f"{RELEASE}#L7"),
        (Location(path="a b/#?%/ö.yml", line=0), "a%20b/%23%3F%25/%C3%B6.yml#L1"),
        (Location(path="../x", line=1), "%252E%252E/x#L1"),
    ],
)
def test_permalink(at: Location, expected: str) -> None:
    assert links.permalink(REF, COMMIT, at) == (
        f"https://github.com/orchard-labs/lumen/blob/{COMMIT}/{expected}"
    )


def test_no_permalink_without_a_commit_or_an_owner() -> None:
    assert links.permalink(REF, "", Location(path=RELEASE)) == ""
    assert links.permalink(REF, "main", Location(path=RELEASE)) == ""
    folder = RepositoryRef(owner="", name="lumen")
    assert links.permalink(folder, COMMIT, Location(path=RELEASE)) == ""
    hostile = RepositoryRef(owner="o", name="r", host="evil.example/x?")
    assert links.repository_url(hostile) == ""
    assert links.organization_settings_link(hostile, SettingsPage.RULES) == ""
    assert links.permalink(REF, COMMIT, Location(path="")).endswith(f"/tree/{COMMIT}")


def test_edit_and_new_file() -> None:
    base = "https://git.orchard.example:8443/orchard-labs/lumen"
    assert links.edit_link(SERVER, "fix/#12 a", "a b.yml") == f"{base}/edit/fix/%2312%20a/a%20b.yml"
    assert links.edit_link(SERVER, "", "a.yml") == ""
    assert links.new_file_link(SERVER, "main", "") == ""
    named = f"{base}/new/main?filename=.github%2Fdependabot.yml"
    assert links.new_file_link(SERVER, "main", ".github/dependabot.yml") == named
    filled = links.new_file_link(SERVER, "main", ".github/dependabot.yml", "a: 1\n")
    assert filled == f"{named}&value=a%3A%201%0A"
    too_long = links.new_file_link(SERVER, "main", ".github/dependabot.yml", "x" * 7000)
    assert too_long == named


@pytest.mark.parametrize(
    ("page", "identity", "repository", "organization"),
    [
        (SettingsPage.ENVIRONMENTS, None, "settings/environments", ""),
        (SettingsPage.ENVIRONMENTS, 77, "settings/environments/77/edit", ""),
        (SettingsPage.SECRETS, 77, "settings/environments/77/edit", "secrets/actions"),
        (SettingsPage.SECRETS, None, "settings/secrets/actions", "secrets/actions"),
        (SettingsPage.ACTIONS, 77, "settings/actions", "actions"),
        (SettingsPage.RULES, None, "settings/rules", "rules"),
        (SettingsPage.RELEASES, None, "settings", "repository-defaults"),
        (SettingsPage.PUBLISHER, None, "", ""),
    ],
)
def test_settings(
    page: SettingsPage, identity: int | None, repository: str, organization: str
) -> None:
    url = links.settings_link(REF, page, environment_id=identity)
    assert url == (repository and f"https://github.com/orchard-labs/lumen/{repository}")
    url = links.organization_settings_link(REF, page)
    base = "https://github.com/organizations/orchard-labs/settings/"
    assert url == (organization and base + organization)


def test_publisher_form() -> None:
    form = links.publisher_form(REF, INDEX, "lumen", RELEASE, "wydanie/próba")
    assert form == (
        "https://pypi.example/manage/project/lumen/settings/publishing/?provider=github"
        "&owner=orchard-labs&repository=lumen&workflow_filename=release.yml"
        "&environment=wydanie%2Fpr%C3%B3ba"
    )
    assert "environment" not in links.publisher_form(REF, INDEX, "lumen", "release.yml")
    assert links.publisher_form(SERVER, INDEX, "lumen", RELEASE) == ""
    loopback = IndexHosts.of("http://127.0.0.1:8080/simple/")
    assert links.publisher_form(REF, loopback, "lumen", RELEASE) == ""


def test_form_of_a_publication() -> None:
    form = links.publication_form(REF, INDEX, publication("pypi"))
    assert parse_qs(urlsplit(form).query)["environment"] == ["pypi"]
    dynamic = links.publication_form(REF, INDEX, publication("${{ inputs.e }}", dynamic=True))
    assert "environment" not in dynamic
    called = publication(publisher_workflows=(".github/workflows/called.yml",))
    form = links.publication_form(REF, INDEX, called, "proposed")
    query = parse_qs(urlsplit(form).query)
    assert (query["workflow_filename"], query["environment"]) == (["called.yml"], ["proposed"])
    assert links.publication_form(REF, INDEX, publication(packages=())) == ""
    assert links.publication_form(REF, INDEX, publication(channel=Channel.PRIVATE)) == ""
    form = links.publication_form(REF, INDEX, publication(channel=Channel.TEST))
    assert form.startswith("https://test.pypi.example/manage/project/lumen/")
    assert links.publication_form(REF, INDEX, publication(registry=Registry.NPM)) == ""


def test_a_section_of_the_lesson() -> None:
    assert links.lesson_link(LESSON, "step-1") == f"{LESSON}#step-1"
    assert links.lesson_link(LESSON, "") == LESSON


@pytest.mark.parametrize(
    ("url", "channel"),
    [
        ("https://upload.pypi.example/legacy/", Channel.PRODUCTION),
        ("https://UPLOAD.PyPI.example.:443/legacy/", Channel.PRODUCTION),
        ("upload.pypi.example/legacy/", Channel.PRODUCTION),
        ("https://www.pypi.example/", Channel.PRODUCTION),
        ("https://user:word@pypi.example/simple/", Channel.PRODUCTION),
        ("https://pypi.python.example/pypi", Channel.PRODUCTION),
        ("https://test.pypi.example/legacy/", Channel.TEST),
        ("https://testpypi.python.example/pypi", Channel.TEST),
        ("https://pypi.example.evil.example/legacy/", Channel.PRIVATE),
        ("https://mypypi.example/legacy/", Channel.PRIVATE),
        ("https://pypi.example:8443/legacy/", Channel.PRIVATE),
        ("http://127.0.0.1:8080/", Channel.PRIVATE),
        ("http://[broken/", Channel.PRIVATE),
        ("${{ inputs.url }}", Channel.UNKNOWN),
        ("https://${{ vars.HOST }}/legacy/", Channel.UNKNOWN),
        ("$INDEX_URL", Channel.UNKNOWN),
    ],
)
def test_channel_of_a_url(url: str, channel: Channel) -> None:
    assert INDEX.channel_of(url) is channel


def test_hosts_follow_the_address() -> None:
    nested = IndexHosts.of("https://www.packages.example:8443/team/simple")
    assert nested.base == "https://www.packages.example:8443/team"
    assert nested.channel_of("https://packages.example:8443/team/") is Channel.PRODUCTION
    assert nested.channel_of("https://pypi.python.example/") is Channel.PRIVATE
    assert nested.simple == "https://www.packages.example:8443/team/simple/"
    assert INDEX.docs == "https://docs.pypi.example"
    assert INDEX.project_page("lumen") == "https://pypi.example/project/lumen/"
    assert INDEX.project_page("lumen", "1.0") == "https://pypi.example/project/lumen/1.0/"
    assert IndexHosts.of("https://me:word@pypi.example/simple/").base == "https://pypi.example"
    for wrong in ("", "pypi", "ftp://pypi.example/simple/", "https://[x/"):
        with pytest.raises(ValueError, match="is no address of a package index"):
            IndexHosts.of(wrong)


def test_links_of_a_finding_stand_in_one_order() -> None:
    finding = Finding(
        message="x",
        at=Location(path=RELEASE, line=3),
        publication=publication("pypi"),
        settings_page=SettingsPage.PUBLISHER,
    )
    found = links.finding_links(
        REF,
        finding,
        commit=COMMIT,
        branch="main",
        lesson=f"{LESSON}#a",
        index=INDEX,
        documentation=("https://docs.example/", "http://plain.example/", "javascript:x"),
    )
    kinds = [link.kind for link in found]
    assert kinds == ["permalink", "edit", "publisher", "lesson", "documentation"]
    assert all(link.url.startswith("https://") and link.label for link in found)


def test_links_of_settings_owners_and_missing_files() -> None:
    finding = Finding(
        message="x",
        at=Location(path=RELEASE),
        publication=publication("pypi"),
        settings_page=SettingsPage.ENVIRONMENTS,
    )
    found = links.finding_links(
        REF, finding, commit="", branch="main", index=INDEX, environment_id=5, with_form=True
    )
    assert [link.kind for link in found] == ["edit", "settings", "publisher"]
    assert found[1].url.endswith("/settings/environments/5/edit")

    owner = Finding(message="x", at=Location(path=""), settings_page=SettingsPage.ACTIONS)
    found = links.finding_links(REF, owner, commit=COMMIT, branch="main", on_owner=True)
    assert [link.url for link in found] == [
        "https://github.com/organizations/orchard-labs/settings/actions"
    ]

    path = ".github/dependabot.yml"
    edit = Edit(path=path, start=0, end=0, old="", new="version: 2\n")
    absent = Finding(message="x", at=Location(path=path), edits=(edit,))
    found = links.finding_links(REF, absent, commit=COMMIT, branch="main", file_exists=False)
    assert [link.kind for link in found] == ["edit"]
    assert found[0].url.endswith("&value=version%3A%202%0A")


@given(owner=TEXT, name=TEXT, path=TEXT, branch=TEXT)
def test_any_text_stays_itself(owner: str, name: str, path: str, branch: str) -> None:
    ref = RepositoryRef(owner=owner, name=name)
    parts = urlsplit(links.permalink(ref, COMMIT, Location(path=path, line=2)))
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == (
        "https",
        "github.com",
        "",
        "L2",
    )
    segments = parts.path.split("/")[1:]
    dots = {"%252E": ".", "%252E%252E": ".."}
    plain = [dots.get(segment, unquote(segment)) for segment in segments]
    assert plain == [storable(owner), storable(name), "blob", COMMIT, *path.split("/")]
    assert not {".", ".."} & {unquote(segment) for segment in segments}
    edit = urlsplit(links.edit_link(ref, branch, path))
    assert edit.path.isascii()
    assert not edit.query + edit.fragment


@given(package=TEXT, workflow=TEXT, environment=TEXT)
def test_any_text_in_a_form_stays_itself(package: str, workflow: str, environment: str) -> None:
    parts = urlsplit(links.publisher_form(REF, INDEX, package, workflow, environment))
    assert (parts.scheme, parts.netloc, parts.fragment) == ("https", "pypi.example", "")
    query = parse_qs(parts.query)
    assert query["environment"] == [environment]
    assert query.get("workflow_filename", [""]) == [workflow.rpartition("/")[2]]
    assert set(query) <= {"provider", "owner", "repository", "workflow_filename", "environment"}


@given(st.text(max_size=30))
def test_no_text_breaks_a_link(text: str) -> None:
    ref = RepositoryRef(owner=text, name=text, host=text)
    assert links.repository_url(ref).startswith("https://") or not links.repository_url(ref)
    assert INDEX.channel_of(text) in set(Channel)
    assert links.new_file_link(REF, text, text, text).isascii()
