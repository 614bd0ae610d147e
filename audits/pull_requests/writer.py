"""Sends the requests that write, each once, at the pace that GitHub allows.

A request that fails without an answer may have been carried out, so it is never repeated: the
next run looks at what is there. Only what GitHub refused for its limits is sent again.
https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#pause-between-mutative-requests
"""

from __future__ import annotations

import base64
import time
from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from typing import Any, NoReturn
from urllib.parse import quote

import requests
from github import Auth, Github
from github.GithubException import GithubException
from msgspec import Struct
from urllib3.exceptions import HTTPError

from audits import __version__
from audits.collect.bounds import TooLargeError, TooSlowError, parse_json
from audits.collect.errors import BudgetSpentError
from audits.collect.github.address import api_address
from audits.collect.github.auth import Secret
from audits.collect.github.client import GitHubClient
from audits.collect.github.rate_limits import Pacer, required_pause
from audits.collect.github.transport import ElsewhereError
from audits.model.errors import AuditError
from audits.model.proposal import Proposal
from audits.pull_requests.credential import RIGHTS

SPACING = 1.0
"""Seconds between two requests that write, as GitHub asks for."""

MOST_AN_HOUR = 450
"""GitHub refuses more than 500 requests an hour that make content:
https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
"""

COMMIT = """\
mutation commit($input: CreateCommitOnBranchInput!) {
  createCommitOnBranch(input: $input) { commit { oid } }
}
"""


class WriteRefusal(Enum):
    """Why GitHub refused to write."""

    RIGHTS = auto()
    WORKFLOWS = auto()
    RULES = auto()
    EXISTS = auto()
    MOVED = auto()
    NO_DRAFTS = auto()
    ARCHIVED = auto()
    ELSEWHERE = auto()
    OTHER = auto()


class RefusedWriteError(AuditError):
    """GitHub refused a request; nothing was written by it."""

    def __init__(self, why: WriteRefusal, message: str, advice: str) -> None:
        super().__init__(message, advice)
        self.why = why


class UncertainWriteError(AuditError):
    """A request got no answer: it may have been carried out."""


class _Answer(Struct, frozen=True):
    status: int
    body: Any


class Writer:
    """Writes to GitHub with one token, ``spacing`` seconds apart or `SPACING`; ``reads`` reads with
    the same.
    """

    def __init__(
        self, token: Secret, *, api_url: str, pacer: Pacer, spacing: float | None = None
    ) -> None:
        auth = Auth.Token(token.reveal())
        self.reads = GitHubClient(auth, api_url=api_url, pacer=pacer)
        self._pacer, self._spacing = pacer, SPACING if spacing is None else spacing
        self._sent: deque[float] = deque()
        self._github = Github(
            auth=auth,
            base_url=api_address(api_url),
            timeout=pacer.limits.timeout,
            user_agent=f"release-audit/{__version__}",
            retry=None,
            seconds_between_requests=None,
            seconds_between_writes=None,
        )

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("a writer holds a credential and is never pickled or copied")

    def create_branch(self, slug: str, branch: str, commit: str) -> None:
        """Make a branch at a commit."""
        body = {"ref": f"refs/heads/{branch}", "sha": commit}
        self._done(self._send("POST", f"/repos/{slug}/git/refs", body))

    def delete_branch(self, slug: str, branch: str) -> None:
        """Delete a branch, which must be one of ours."""
        path = f"/repos/{slug}/git/refs/heads/{quote(branch, safe='/')}"
        self._done(self._send("DELETE", path, None))

    def commit(self, proposal: Proposal, *, onto: str = "") -> str:
        """Commit the files of a proposal on its branch, which must still be at ``onto``, by
        default the proposal's ``head``; returns the commit's id. Modes of files stay, and GitHub
        signs the commit.
        """
        headline, _, rest = proposal.message.partition("\n")
        additions = [
            {"path": f.path, "contents": base64.b64encode(f.text.encode()).decode()}
            for f in proposal.files
        ]
        given = {
            "branch": {
                "repositoryNameWithOwner": str(proposal.ref),
                "branchName": proposal.branch,
            },
            "expectedHeadOid": onto or proposal.head,
            "message": {"headline": headline, "body": rest.strip()},
            "fileChanges": {"additions": additions},
        }
        document = {"query": COMMIT, "variables": {"input": given}}
        answer = self._send("POST", self._github.requester.graphql_url, document)
        body = self._done(answer)
        try:
            return str(body["data"]["createCommitOnBranch"]["commit"]["oid"])
        except (KeyError, TypeError):
            raise _uncertain() from None

    def open(self, proposal: Proposal, *, draft: bool) -> tuple[int, str]:
        """Open the pull request of a proposal; returns its number and page."""
        given = {
            "title": proposal.title,
            "head": proposal.branch,
            "base": proposal.base,
            "body": proposal.body,
            "draft": draft,
            "maintainer_can_modify": True,
        }
        body = self._done(self._send("POST", f"/repos/{proposal.ref}/pulls", given))
        if not isinstance(body, dict) or type(body.get("number")) is not int:
            raise _uncertain()
        return body["number"], str(body.get("html_url", ""))

    def describe(self, proposal: Proposal, number: int) -> None:
        """Give an open request the title and text that its change has now."""
        given = {"title": proposal.title, "body": proposal.body}
        self._done(self._send("PATCH", f"/repos/{proposal.ref}/pulls/{number}", given))

    def _send(self, verb: str, path: str, body: object) -> _Answer:
        """Send a request until GitHub takes it or refuses it for another reason than a limit."""
        pauses = 0
        while True:
            self._pacer.before("rest")
            self._keep_pace()
            status, headers, text = self._once(verb, path, body)
            found = _parsed(text)
            pause = required_pause(status, headers, found, self._pacer.limits, pauses)
            if pause is None:
                if status >= 500:
                    raise _uncertain()
                self._pacer.answered()
                return _Answer(status, found)
            pauses += 1
            if pauses >= self._pacer.limits.attempts:
                raise BudgetSpentError(
                    "GitHub's limit does not lift.", "Run this again later: it goes on from here."
                )
            self._pacer.hold(*pause)

    def _once(self, verb: str, path: str, body: object) -> tuple[int, dict[str, Any], str]:
        requester = self._github.requester
        headers = {"X-GitHub-Api-Version": "2022-11-28"}
        try:
            return requester.requestJson(verb, path, None, headers, body)
        except GithubException as refused:
            return refused.status, dict(refused.headers or {}), ""
        except ElsewhereError:
            # What was sent is not sent there: the token belongs to this host.
            raise refused_by(WriteRefusal.ELSEWHERE) from None
        except (
            requests.exceptions.RequestException,
            HTTPError,
            OSError,
            ValueError,
            TooSlowError,
            TooLargeError,
        ) as error:
            raise _uncertain() from error

    def _keep_pace(self) -> None:
        """Wait so that writes are apart, and not too many within an hour."""
        now = time.monotonic()
        while self._sent and self._sent[0] <= now - 3600:
            self._sent.popleft()
        if len(self._sent) >= MOST_AN_HOUR:
            self._pacer.wait(self._sent[0] + 3600 - now, "own pacing")
        elif self._sent and (left := self._sent[-1] + self._spacing - now) > 0:
            self._pacer.wait(left, "own pacing")
        self._sent.append(time.monotonic())

    @staticmethod
    def _done(answer: _Answer) -> Any:  # noqa: ANN401 - parsed JSON of any shape
        errors = answer.body.get("errors") if isinstance(answer.body, dict) else None
        if answer.status >= 400 or (errors and answer.status == 200):
            raise _refusal(answer.status, answer.body)
        return answer.body


def _parsed(text: str) -> Any:  # noqa: ANN401 - parsed JSON of any shape
    try:
        return parse_json(text) if text else None
    except ValueError:
        return None


def _uncertain() -> UncertainWriteError:
    return UncertainWriteError(
        "GitHub gave no answer that says whether it was done.",
        "Run this again: it looks at what is there, and goes on.",
    )


_SAID = 200
"""Characters of GitHub's own words that are shown."""

_REASONS: tuple[tuple[WriteRefusal, Callable[[int, str], bool]], ...] = (
    (WriteRefusal.WORKFLOWS, lambda _, said: "refusing to allow" in said and "workflow" in said),
    (WriteRefusal.ARCHIVED, lambda _, said: "was archived" in said),
    (WriteRefusal.RULES, lambda _, said: "rule violation" in said or "protected branch" in said),
    (WriteRefusal.RULES, lambda _, said: "creations being restricted" in said),
    (
        WriteRefusal.MOVED,
        lambda _, said: "expected branch to point to" in said or "stale_data" in said,
    ),
    (WriteRefusal.EXISTS, lambda _, said: "already exists" in said),
    (WriteRefusal.NO_DRAFTS, lambda _, said: "draft pull requests are not supported" in said),
    (WriteRefusal.RIGHTS, lambda status, said: status in {401, 403, 404} or "forbidden" in said),
)
_SENTENCES = {
    WriteRefusal.WORKFLOWS: (
        "The token may not change workflows.",
        f"Give it Workflows: write (a classic token: the scope workflow). It needs {RIGHTS}.",
    ),
    WriteRefusal.RULES: (
        "A rule of the repository refuses the branch or the commit.",
        "Let an administrator allow branches of release-audit/*, or apply the edits by hand.",
    ),
    WriteRefusal.MOVED: ("The branch moved meanwhile.", "Run this again: it audits anew."),
    WriteRefusal.EXISTS: ("It is there already.", "Look at the repository's branches."),
    WriteRefusal.NO_DRAFTS: ("The repository has no drafts.", "Open it as an ordinary request."),
    WriteRefusal.ARCHIVED: ("The repository is archived.", "Nothing is proposed there."),
    WriteRefusal.ELSEWHERE: (
        "GitHub sends the request on to another address, which is not followed.",
        "The repository may have been renamed: run this again with the name that its page has.",
    ),
    WriteRefusal.RIGHTS: ("The token may not write there.", f"It needs {RIGHTS}."),
    WriteRefusal.OTHER: (
        "GitHub refused the request.",
        "Run this again later, or apply the edits by hand.",
    ),
}


def refused_by(why: WriteRefusal) -> RefusedWriteError:
    """The error for a refusal."""
    return RefusedWriteError(why, *_SENTENCES[why])


def _refusal(status: int, body: object) -> RefusedWriteError:
    said = " ".join(_texts(body)).lower()
    why = next((why for why, fits in _REASONS if fits(status, said)), WriteRefusal.OTHER)
    if why is WriteRefusal.OTHER and (words := _last_words(body)):
        _, advice = _SENTENCES[why]
        return RefusedWriteError(why, f"GitHub refused the request: {words}.", advice)
    return refused_by(why)


def _last_words(body: object) -> str:
    """What an answer says most exactly, in printable characters."""
    words = " ".join((_texts(body) or [""])[-1].split())
    shown = "".join(letter for letter in words if letter.isprintable())
    return shown[:_SAID].rstrip(". ")


def _texts(body: object) -> list[str]:
    """What an answer says about itself: messages and types."""
    if not isinstance(body, dict):
        return []
    listed = body.get("errors")
    errors = (
        [error for error in listed if isinstance(error, dict)] if isinstance(listed, list) else []
    )
    parts: list[object] = [body.get("message")]
    for error in errors:
        of_field = [error.get("field"), error.get("code")]
        parts.append(error.get("type"))
        if all(isinstance(part, str) for part in of_field):
            parts.append(" ".join(map(str, of_field)))
        parts.append(error.get("message"))
    return [part[:2000] for part in parts if isinstance(part, str) and part]
