"""Container image is not pinned to a digest.

## Why it matters
A release job that runs in `image:latest`, or in an image without a tag, runs whatever was
pushed last under that name. A tag such as `3.12` moves as well, with every rebuild of the
image and with every account that may push it. The image sees the job's token, its secrets and
the files that become your package.

## How to fix
Add the digest that your registry shows for the tag you use:

    container: python:3.12-slim@sha256:<64 hexadecimal digits>

The tag may stay in front of the digest, as a comment for people; only the digest counts. It
is shown by `docker buildx imagetools inspect python:3.12-slim`, and `fix --online` asks the
registry for it: of an image for several platforms it is the digest of the index. The edit is to
be reviewed: a pinned image gets no repairs until a bot renews the digest, and some registries
delete images that no tag names any more.

## Deviations
zizmor's `unpinned-images` reports tags other than `latest` to its pedantic users only; here
they are of medium severity. It does not look at `docker://` in steps of composite actions;
here they count. An image that an expression names is unknown here unless all of its values
are in the job's matrix, of which the worst counts.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.image_uses import ImageUse, image_uses
from audits.checks.api import (
    DOCKER_DIGESTS,
    GITHUB_SECURE_USE,
    ActionPin,
    Area,
    Clean,
    Example,
    Finding,
    FixKind,
    ImageDigest,
    Job,
    Need,
    Outcome,
    Repository,
    Severity,
    Unknown,
    Unseen,
    Verdict,
    check,
    has_digest,
    pin_image,
)
from audits.expressions.syntax import Context, Expression, fences

_MOST_VALUES = 64
_ZEROS = "0" * 64
_IMAGES = """\
on: release
jobs:
  build:
    runs-on: ubuntu-latest
    container: quay.example/orchard/manylinux # !
    services:
      cache:
        image: redis:latest # !
    steps:
      - uses: docker://alpine # !
      - uses: actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1
  publish:
    needs: build
    runs-on: ubuntu-latest
    steps:
      - uses: actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1
      - run: twine upload dist/*
"""
_TAGS = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    container:
      image: localhost:5000/python:3.12 # !
    steps:
      - run: twine upload dist/*
"""
_MATRIX = """\
on: release
jobs:
  publish:
    strategy:
      matrix:
        image: ["manylinux:2024.1", "musllinux:2024.1"]
    runs-on: ubuntu-latest
    container: ${{ matrix.image }} # !
    steps:
      - run: twine upload dist/*
"""
_PART = """\
on: release
jobs:
  publish:
    strategy:
      matrix:
        platform:
          - image: "musl-cross:aarch64"
          - image: "musl-cross"
    runs-on: ubuntu-latest
    container: ghcr.example/cross/${{ matrix.platform.image }} # !
    steps:
      - run: twine upload dist/*
"""
_ASKED = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    container: python:3.12-slim # !
    services:
      cache:
        image: "ghcr.example/orchard/cache:7" # !
    steps:
      - uses: docker://alpine:3.20 # !
      - run: twine upload dist/*
"""
_ASKED_FIXED = f"""\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    container: python:3.12-slim@sha256:{_ZEROS}
    services:
      cache:
        image: "ghcr.example/orchard/cache:7@sha256:{_ZEROS}"
    steps:
      - uses: docker://alpine:3.20@sha256:{_ZEROS}
      - run: twine upload dist/*
"""
_DIGESTS = tuple(
    ImageDigest(reference=each, digest=f"sha256:{_ZEROS}")
    for each in ("python:3.12-slim", "ghcr.example/orchard/cache:7", "alpine:3.20")
)
_EXPRESSION = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    container: ${{ vars.IMAGE }}
    steps:
      - run: twine upload dist/*
"""
_ACTION = """\
name: Build
runs:
  using: docker
  image: docker://ghcr.example/orchard/build:2 # !
"""
_COMPOSITE = """\
name: Build
runs:
  using: composite
  steps:
    - uses: docker://alpine:3.20 # !
"""
_LOCAL = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: ./.github/actions/build
      - run: twine upload dist/*
"""
_PINNED = f"""\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    container: python:3.12@sha256:{_ZEROS}
    steps:
      - uses: docker://alpine@sha256:{_ZEROS}
      - run: twine upload dist/*
"""


@check(
    area=Area.PINNING,
    severity=Severity.HIGH,
    links=(GITHUB_SECURE_USE, DOCKER_DIGESTS),
    sharpened_by={Need.REFERENCES},
    fix=FixKind.REVIEW,
    zizmor="unpinned-images",
    any_workflow=True,
    counts_places=True,
    examples=(
        Example(name="no tag, or latest", workflow=_IMAGES, severity=Severity.HIGH),
        Example(name="a tag", workflow=_TAGS, severity=Severity.MEDIUM),
        Example(
            name="a tag whose registry was asked",
            workflow=_ASKED,
            fixed=_ASKED_FIXED,
            images=_DIGESTS,
            severity=Severity.MEDIUM,
        ),
        Example(name="images of the matrix", workflow=_MATRIX, severity=Severity.MEDIUM),
        Example(name="part of a name", workflow=_PART, severity=Severity.HIGH),
        Example(name="an expression", workflow=_EXPRESSION, outcome=Outcome.UNKNOWN),
        Example(
            name="a local action that is an image",
            workflow=_LOCAL,
            files={".github/actions/build/action.yml": _ACTION},
        ),
        Example(
            name="in a composite action",
            workflow=_LOCAL,
            files={".github/actions/build/action.yml": _COMPOSITE},
        ),
        Example(name="pinned", workflow=_PINNED),
        Example(
            name="no image",
            workflow=_LOCAL.replace("./.github/actions/build", "actions/checkout@v4"),
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def unpinned_image(repo: Repository) -> Iterator[Verdict]:
    """Yield a finding for each image, of jobs, services, steps and actions, without a digest.

    An image that the matrix names is judged once, by the worst of its values.
    """
    for place in image_uses(repo):
        verdicts = [_judged(repo, place, text) for text in _values(place)]
        findings = [verdict for verdict in verdicts if isinstance(verdict, Finding)]
        if findings:
            yield min(findings, key=lambda f: f.severity is not None)
        elif verdicts:
            yield next((v for v in verdicts if isinstance(v, Unknown)), verdicts[0])


def _values(place: ImageUse) -> tuple[str | None, ...]:
    """The images that a text can name; None for one that is unknown."""
    texts: list[str | None] = [place.text]
    for fence in fences(place.text):
        written = place.text[fence.start : fence.end]
        values = _matrix_values(place.job, fence.expression)
        if not values or len(texts) * len(values) > _MOST_VALUES:
            # A digest behind the expression pins the image, whatever its name.
            return (place.text if has_digest(place.text) else None,)
        texts = [text.replace(written, v) for text in texts if text for v in values]
    return tuple(None if text and "${{" in text else text for text in texts if text)


def _matrix_values(job: Job | None, expression: Expression | None) -> list[str]:
    if job is None or not isinstance(expression, Context) or expression.parts[0] != "matrix":
        return []
    key = ".".join(expression.parts[1:])
    return [v.value for name, held in job.matrix.items() if name.lower() == key for v in held]


def _judged(repo: Repository, place: ImageUse, text: str | None) -> Verdict:
    if text is None:
        unseen = Unseen(need=Need.WORKFLOW, reason="the image is named by an expression")
        return Unknown(at=place.at, unseen=unseen, job=place.job)
    image = text.strip().removeprefix("docker://")
    if has_digest(image):
        return Clean(at=place.at, job=place.job)
    pin = _pin(repo, place, image)
    name, _, tag = image.rpartition("/")[2].partition(":")
    anchor = image.removesuffix(f":{tag}") if tag else image
    if tag in {"", "latest"}:
        message = f"The image `{image}` is whatever was pushed last: it has no digest"
        return Finding(
            message=message,
            at=place.at,
            job=place.job,
            anchor=anchor,
            edits=pin.edits,
            advice=pin.advice,
        )
    return Finding(
        message=f"The tag of the image `{image}` can be moved: it has no digest",
        at=place.at,
        job=place.job,
        anchor=anchor or name,
        severity=Severity.MEDIUM,
        because="a tag other than latest is moved on purpose only",
        edits=pin.edits,
        advice=pin.advice,
    )


def _pin(repo: Repository, place: ImageUse, image: str) -> ActionPin:
    """The digest that the tag is today, where its registry was asked and the text names it."""
    if "${{" in place.text:
        return ActionPin(advice="An expression names the image: pin its values where they stand.")
    return pin_image(repo.file(place.path), place.written, image, repo.image_digest(image))
