"""Download is run or unpacked without being verified.

## Why it matters
`curl … | sh` runs whatever the server sends at that moment: after a break-in there, or a name
that changed hands, your release job runs a stranger's code. The same goes for a file that is
fetched and then unpacked, installed or started. In the publishing job the stranger also has
its credential, and code that runs in the job that builds changes what is published: hence the
higher severity in both.

## How to fix
Fetch a version, not "latest", and compare it with a checksum that is in the workflow:

    curl -sSfLO https://downloads.example/tool-2.1.0.tar.gz
    echo "<sha256>  tool-2.1.0.tar.gz" | sha256sum --check
    tar xzf tool-2.1.0.tar.gz

A signature does as well (`gpg --verify`, `cosign verify-blob`, `gh attestation verify`,
`slsa-verifier`). A checksum that is fetched from the same place protects against broken
downloads only; nobody can tell from the workflow, so it passes. Often an action pinned to a
commit, or a package with hashes, makes the download unnecessary.

A verification counts if it is in the same job at or after the download.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.downloads import downloads
from audits.checks.api import (
    GITHUB_SECURE_USE,
    SCORECARD_PINNING,
    Area,
    Clean,
    Example,
    Finding,
    Job,
    Location,
    Outcome,
    Repository,
    Role,
    Severity,
    StepSite,
    Verdict,
    check,
)

_PIPED = """\
on: release
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: |
          set -e
          curl -sSf https://tools.example/install.sh | sudo bash -s -- -y # !
          bash <(wget -qO- https://tools.example/setup) # !
          curl -sSf https://api.example/version | jq -r .tag
      - uses: actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1
  publish:
    needs: build
    runs-on: ubuntu-latest
    steps:
      - uses: actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1
      - run: twine upload dist/*
"""
_UNPACKED = """\
on: release
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: curl -sSfL https://fonts.example/fonts.tgz | tar xz # !
      - uses: actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1
  publish:
    needs: build
    runs-on: ubuntu-latest
    steps:
      - uses: actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1
      - run: twine upload dist/*
"""
_SAVED = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - run: |
          curl -sSfL -o tool.tar.gz https://tools.example/latest # !
          tar xzf tool.tar.gz
      - run: curl -O https://tools.example/uploader && chmod +x uploader # !
      - run: curl https://tools.example/get.py > get.py  # !
      - run: python get.py
      - run: curl -o notes.md https://api.example/notes
      - shell: pwsh
        run: |
          irm https://tools.example/setup.ps1 | iex # !
          Invoke-WebRequest https://tools.example/up.exe -OutFile up.exe # !
          ./up.exe
      - run: twine upload dist/*
"""
_VERIFIED = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - run: |
          curl -sSfL -o tool.tar.gz https://tools.example/2.1.0
          echo "$SUM  tool.tar.gz" | sha256sum --check
          tar xzf tool.tar.gz
      - run: twine upload dist/*
"""


@check(
    area=Area.PINNING,
    severity=Severity.MEDIUM,
    links=(GITHUB_SECURE_USE, SCORECARD_PINNING),
    any_workflow=True,
    examples=(
        Example(
            name="piped into a shell where it is built", workflow=_PIPED, severity=Severity.HIGH
        ),
        Example(name="unpacked where it is built", workflow=_UNPACKED, severity=Severity.MEDIUM),
        Example(
            name="saved and used, in the publishing job", workflow=_SAVED, severity=Severity.HIGH
        ),
        Example(name="verified", workflow=_VERIFIED),
        Example(
            name="no download",
            workflow="on: release\njobs:\n  publish:\n    runs-on: ubuntu-latest\n"
            "    steps:\n      - run: twine upload dist/*\n",
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def unverified_download(repo: Repository) -> Iterator[Verdict]:
    """Yield a finding for each download that is run or unpacked before anything verifies it."""
    groups: dict[tuple[str, Job | None], list[StepSite]] = {}
    for site in repo.steps():
        groups.setdefault((site.path, site.job), []).append(site)
    for (path, job), sites in groups.items():
        commands = [command for site in sites for command in repo.commands(site.step)]
        role = sites[0].role if job is not None else Role.OTHER
        for line, verdict in sorted(downloads(commands).items()):
            at = Location(path=path, line=line)
            if verdict == "":
                yield Clean(at=at, job=job)
                continue
            because = _why_severe(role, verdict)
            yield Finding(
                message=f"A download is {verdict} and nothing verifies it",
                at=at,
                job=job,
                severity=Severity.HIGH if because else None,
                anchor=verdict,
                because=because,
            )


def _why_severe(role: Role, verdict: str) -> str:
    """Why a download is worse in its job than the check's own severity; "" where it is not."""
    if role is Role.PUBLISHING:
        return "the publishing job holds the credential"
    runs = verdict.endswith(("run", "run as it comes in"))
    return "it can change what the job builds" if runs and role is Role.PRODUCING else ""
