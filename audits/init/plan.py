"""Decides which files a repository needs to release its packages, or why none is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from audits.collect.folder.packages import PackageFiles
from audits.collect.paths import is_workflow
from audits.init.dependabot import updates_of
from audits.init.detect import detect
from audits.init.names import is_environment, is_plain_path, words_of
from audits.init.project import NoWorkflow, Project
from audits.init.steps import PersonStep, WrittenWorkflow, person_steps
from audits.init.workflow import ReleaseShape, release_workflow
from audits.model.edit_plan import ChangedFile
from audits.model.evidence import PackageEvidence, Provenance, normalized
from audits.model.index_hosts import IndexHosts
from audits.model.publication import Channel, Publication
from audits.model.registry import Registry
from audits.model.repository import Repository
from audits.model.settings import Unseen
from audits.model.source import SourceFile
from audits.workflow.parse.package_metadata import package_names

_FOLDER = ".github/workflows"
_NAMES = ("release", "publish", "release-package")
_RELEASE_PAGE = "${{ github.event.release.html_url }}"


class Wants(Struct, frozen=True, kw_only=True):
    """What a person asks for: packages by name or by folder (all where empty), npm's staged
    releases or direct ones, and whether the repository is private (None where nobody said).
    """

    packages: tuple[str, ...] = ()
    folder: str = ""
    staged: bool = True
    private: bool | None = None


class RefusedPackage(Struct, frozen=True, kw_only=True):
    """A package that no workflow is written for, and why."""

    package: str
    refusal: NoWorkflow

    @property
    def sentence(self) -> str:
        """The reason, with the package that it is about."""
        return f"{self.package}: {self.refusal.reason}" if self.package else self.refusal.reason


class InitPlan(Struct, frozen=True, kw_only=True):
    """What `release-audit init` writes and says; ``settled`` are workflows that stand there as
    they would be written.
    """

    files: tuple[ChangedFile, ...] = ()
    written: tuple[WrittenWorkflow, ...] = ()
    settled: tuple[str, ...] = ()
    refused: tuple[RefusedPackage, ...] = ()
    steps: tuple[PersonStep, ...] = ()

    def files_after(self, files: Sequence[SourceFile]) -> tuple[SourceFile, ...]:
        """A repository's files as they are once the plan is carried out."""
        after = {file.path: file for file in files}
        after |= {f.path: SourceFile.of(f.path, f.text.encode()) for f in self.files}
        return tuple(after[path] for path in sorted(after))


def plan_init(
    repository: Repository, found: PackageFiles, wants: Wants, index: IndexHosts
) -> InitPlan:
    """The plan for a repository whose package metadata is ``found``."""
    whole = _refusal_of_all(repository, found)
    if whole is not None:
        return InitPlan(refused=(RefusedPackage(package="", refusal=whole),))
    chosen = _chosen(repository, found, wants)
    if isinstance(chosen, NoWorkflow):
        return InitPlan(refused=(RefusedPackage(package="", refusal=chosen),))
    refused = [item for item in chosen if isinstance(item, RefusedPackage)]
    projects = [item for item in chosen if isinstance(item, Project)]
    several = len(chosen) > 1 or bool(_other_releases(repository, projects))
    files, written, settled = [], [], []
    taken = {file.path for file in repository.snapshot.files}
    for project in projects:
        shape = _shape(repository, project, several, wants, index)
        alike = sum(words_of(other.name) == words_of(project.name) for other in projects) > 1
        outcome = _place(repository, shape, _file_names(project, several, alike), taken)
        if isinstance(outcome, NoWorkflow):
            refused.append(RefusedPackage(package=project.name, refusal=outcome))
            continue
        path, text = outcome
        written.append(WrittenWorkflow(shape=shape, path=path))
        if text is None:
            settled.append(path)
        else:
            taken.add(path)
            files.append(ChangedFile(path=path, before=None, text=text))
    return _with_updates(repository, index, wants, files, written, settled, refused)


def _with_updates(
    repository: Repository,
    index: IndexHosts,
    wants: Wants,
    files: list[ChangedFile],
    written: list[WrittenWorkflow],
    settled: list[str],
    refused: list[RefusedPackage],
) -> InitPlan:
    """The plan, with Dependabot's file where a workflow is written, and the person's steps."""
    steps: tuple[PersonStep, ...] = ()
    if written:
        updates = updates_of(repository)
        if updates.path:
            new = _as_here(repository, updates.text) if updates.before is None else updates.text
            files.append(ChangedFile(path=updates.path, before=updates.before, text=new))
        remarks = [updates.remark] if updates.remark else []
        remarks += _of_other_releases(repository, written)
        steps = tuple(PersonStep(text=remark) for remark in remarks)
        steps += person_steps(repository.ref, index, written, wants.private)
    return InitPlan(
        files=tuple(files),
        written=tuple(written),
        settled=tuple(settled),
        refused=tuple(refused),
        steps=steps,
    )


def _other_releases(repository: Repository, projects: Sequence[Project]) -> tuple[str, ...]:
    """The workflows that publish something else than these packages."""
    own = {
        publication.key
        for project in projects
        for publication in _publishing(repository.publications, project)
    }
    others = (p for p in repository.scored_publications if p.key not in own)
    return tuple(sorted({publication.workflow.path for publication in others}))


def _of_other_releases(repository: Repository, written: Sequence[WrittenWorkflow]) -> Iterator[str]:
    """A remark for each workflow that would publish something else at the same releases."""
    shape = written[0].shape
    for path in _other_releases(repository, [each.shape.project for each in written]):
        yield (
            f"Let {path} run for its own tags only: it publishes at releases too, and those of "
            f"{shape.project.name} are tagged `{shape.tag_prefix}*`."
        )


def _refusal_of_all(repository: Repository, found: PackageFiles) -> NoWorkflow | None:
    """Why nothing at all is written."""
    if repository.ref.is_enterprise_server:
        return NoWorkflow(
            reason=f"{repository.ref.host} is a GitHub Enterprise Server, whose identities the "
            "public registries do not trust.",
            advice="Publish from github.com, or keep to the server's own registry.",
        )
    for job in repository.graph.unrecognized:
        return NoWorkflow(
            reason=f"The job `{job.job.id}` of {job.workflow.path} looks like a release by a way "
            "that is not known.",
            advice="Name its action or command by --config, or remove the job.",
            unread=True,
        )
    for call in repository.graph.hidden_calls:
        name = call.uses.raw.value if call.uses is not None else call.id
        return NoWorkflow(
            reason=f"{name} was not read, and is given what it takes to publish.",
            advice="Look at it: if it publishes nothing, take those rights and secrets away.",
            unread=True,
        )
    gap = next((g for g in repository.gaps if is_workflow(g.subject) and not g.optional), None)
    if gap is not None:
        return NoWorkflow(
            reason=f"{gap.detail.rstrip('.')}; it may publish already.",
            advice="Correct that file first.",
            unread=True,
        )
    gaps = (*found.gaps, *package_names(found.files).gaps)
    broken = next((gap for gap in gaps if not gap.optional), None)
    if broken is not None:
        return NoWorkflow(
            reason=f"{broken.detail.rstrip('.')}.", advice="Then run this again.", unread=True
        )
    return None


def _chosen(
    repository: Repository, found: PackageFiles, wants: Wants
) -> NoWorkflow | list[Project | RefusedPackage]:
    """The packages that are wanted, each with how it is built or why that is not known."""
    detected = detect(found, repository.ref)
    if wants.folder:
        detected = tuple(item for item in detected if item[1].directory == wants.folder)
    if not detected:
        return NoWorkflow(
            reason="No package is named here: there is no metadata of PyPI, npm, crates, RubyGems "
            "or NuGet with a name.",
            advice='Add a pyproject.toml with [project] name = "…", say, then run this again.',
        )
    names = {package.name for _, package in detected}
    unknown = sorted(set(wants.packages) - names)
    if unknown:
        return NoWorkflow(
            reason=f"No package here is called {unknown[0]!r}.",
            advice=f"There are: {', '.join(sorted(names))}.",
        )
    if wants.packages:
        detected = tuple(item for item in detected if item[1].name in wants.packages)
    registries = {package.registry for _, package in detected}
    if len(registries) > 1 and not wants.packages:
        listed = ", ".join(f"{p.name} ({p.registry.info.label})" for _, p in detected)
        return NoWorkflow(
            reason=f"Packages of several registries are here: {listed}.",
            advice="Name those to be released by --package.",
        )
    return [
        RefusedPackage(package=package.name, refusal=made) if isinstance(made, NoWorkflow) else made
        for made, package in detected
    ]


def _shape(
    repository: Repository, project: Project, several: bool, wants: Wants, index: IndexHosts
) -> ReleaseShape:
    environment = project.registry.info.environment
    environment = f"{environment}-{words_of(project.name)}" if several else environment
    last = _last_publisher(repository, project)
    if last is not None and is_environment(last.environment):
        environment = last.environment
    page = index.project_page(project.name) if project.registry is Registry.PYPI else ""
    return ReleaseShape(
        project=project,
        environment=environment,
        page=page or _RELEASE_PAGE,
        tag_prefix=f"{project.name}/v" if several else "",
        staged=wants.staged,
    )


def _file_names(project: Project, several: bool, alike: bool) -> tuple[str, ...]:
    """The names to try for a package's workflow; ``alike`` where another has the same name."""
    if not several:
        return _NAMES
    of_registry = f"-{project.registry.value}" if alike else ""
    return (f"release-{words_of(project.name)}{of_registry}",)


def _place(
    repository: Repository, shape: ReleaseShape, names: Sequence[str], taken: set[str]
) -> NoWorkflow | tuple[str, str | None]:
    """Where the workflow goes, and its text, None where it stands there already."""
    text = _as_here(repository, release_workflow(shape))
    paths = [f"{_FOLDER}/{name}.yml" for name in names]
    last = _last_publisher(repository, shape.project)
    if last is not None and _is_file(last.workflow):
        paths.insert(0, f"{_FOLDER}/{last.workflow}")
    for path in paths:
        file = repository.file(path)
        if file is not None and file.text == text:
            return path, None
    published = next(_publishing(repository.publications, shape.project), None)
    if published is not None:
        return _refusal_of_published(published, shape.project)
    free = next((path for path in paths if path not in taken), None)
    if free is None:
        return NoWorkflow(
            reason=f"{paths[-1]} is there already, and is another workflow.",
            advice="Rename it, then run this again.",
        )
    return free, text


def _is_file(name: str) -> bool:
    """Whether a file of workflows may have this name."""
    return is_plain_path(name) and is_workflow(f"{_FOLDER}/{name}")


def _last_publisher(repository: Repository, project: Project) -> Provenance | None:
    """The workflow and environment of this repository that the newest attested release names:
    another file's name, or another environment, would not match the publisher.
    """
    evidence = repository.evidence(project.registry.value, project.name)
    if not isinstance(evidence, PackageEvidence) or isinstance(evidence.releases, Unseen):
        return None
    for release in evidence.releases:
        for made in () if isinstance(release.provenance, Unseen) else release.provenance:
            if made.repository.lower() == str(repository.ref).lower():
                return made
    return None


def _publishing(publications: Sequence[Publication], project: Project) -> Iterator[Publication]:
    """What releases a project already; an upload to a test index releases nothing."""
    for publication in publications:
        if publication.registry is project.registry and publication.channel is not Channel.TEST:
            word = project.registry.value
            names = {normalized(word, name).lower() for name in publication.packages}
            if not names or normalized(word, project.name).lower() in names:
                yield publication


def _refusal_of_published(published: Publication, project: Project) -> NoWorkflow:
    where = f"{published.at.path}, line {published.at.line}"
    if published.channel is Channel.PRIVATE:
        return NoWorkflow(
            reason=f"It is published to a registry of your own ({where}), and the workflow of "
            "the lesson would publish it to all.",
            advice="Run 'release-audit check' to see what makes that release safer.",
        )
    return NoWorkflow(
        reason=f"It is published to {project.registry.info.label} already ({where}).",
        advice="Run 'release-audit check' to see what makes that release safer.",
    )


def _as_here(repository: Repository, text: str) -> str:
    """A text with the line endings that the repository's files have."""
    files = repository.snapshot.files
    crlf = sum("\r\n" in file.text for file in files)
    return text.replace("\n", "\r\n") if crlf * 2 > len(files) else text
