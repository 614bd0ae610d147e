"""The container images that workflows and actions run in or use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from audits.model.command import plain_words
from audits.model.image_name import has_digest
from audits.model.location import Location, Scalar
from audits.model.repository import Breadth, Repository
from audits.model.uses import UsesKind
from audits.model.workflow import Job

IMAGE_BUILDERS = frozenset({"docker", "podman", "buildah", "nerdctl", "depot"})
"""Programs that build images."""
_BUILD_VALUES = frozenset(
    {"-f", "--file", "-t", "--tag", "--secret", "--build-arg", "--target", "--platform", "--label"}
    | {"--cache-from", "--cache-to", "-o", "--output", "--ssh", "--network", "--build-context"}
    | {"--builder", "--progress", "--iidfile", "--metadata-file", "--annotation", "--context", "-c"}
)
"""Options of ``docker`` and ``docker build`` that are followed by a value."""
_GROUPS = frozenset({"buildx", "builder", "image"})
_BUILDS = frozenset({"build", "bake", "bud"})


class ImageUse(Struct, frozen=True):
    """One image at its place; ``text`` is without ``docker://``, ``written`` the scalar of which
    it is the end, and ``path`` its file.
    """

    text: str
    at: Location
    job: Job | None
    written: Scalar
    path: str


def image_uses(repo: Repository) -> Iterator[ImageUse]:
    """Those of jobs, services, steps and actions that are looked at."""
    for site in repo.jobs():
        for image in site.job.images:
            written = image.reference
            text = written.value.removeprefix("docker://")
            yield ImageUse(text, image.at, site.job, written, site.workflow.path)
    for step in repo.steps():
        uses = step.step.uses
        if uses is not None and uses.kind is UsesKind.DOCKER:
            at = uses.raw.location(step.path)
            yield ImageUse(uses.path, at, step.job, uses.raw, step.path)
    for action in repo.actions:
        known = action.path in repo.graph.release_paths or repo.breadth is Breadth.ALL
        if known and action.image is not None and _is_of_registry(action.image.reference):
            users = repo.graph.action_users.get(action.path, ())
            job = next((j for j in users if j in repo.graph.release_jobs), None)
            written = action.image.reference
            text = written.value.strip().removeprefix("docker://")
            yield ImageUse(text, action.image.at, job, written, action.path)


def images_to_ask(repo: Repository) -> Iterator[str]:
    """The images whose digest a registry can be asked for."""
    texts = (use.text.strip() for use in image_uses(repo))
    return (text for text in texts if text and "${{" not in text and not has_digest(text))


def image_context(words: Sequence[str]) -> str:
    """The folder from which ``docker build`` and its like build an image, by the words behind the
    program: "." where none is named, "" for what builds none, or from an address or its input.
    """
    plain = [word for _, word in plain_words(words, _BUILD_VALUES)]
    if plain and plain[0] in _GROUPS:
        plain = plain[1:]
    if not plain or plain[0] not in _BUILDS:
        return ""
    # The words of a bake are targets in the files of the current folder.
    context = plain[-1] if len(plain) > 1 and plain[0] != "bake" else "."
    return "" if "://" in context or context == "-" else context


def _is_of_registry(reference: Scalar) -> bool:
    """A Docker action names a Dockerfile, or an image of a registry by ``docker://``."""
    return reference.value.strip().startswith("docker://")
