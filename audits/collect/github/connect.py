"""Makes a client from a credential, App installations included."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import github
from github import Auth, Github
from msgspec import Struct, field
from msgspec.structs import replace

from audits.collect.bounds import moment, parse_json, shaped
from audits.collect.errors import CollectError
from audits.collect.github.address import DEFAULT_API, api_address
from audits.collect.github.auth import CredentialKind, GitHubCredential, InstallationAuth, app_auth
from audits.collect.github.client import GitHubClient
from audits.collect.github.errors import GitHubError
from audits.collect.github.rate_limits import Limits, Pacer, Points, WaitCallback
from audits.collect.github.responses import Installation, InstallationToken, read_as
from audits.model.source import GapReason


class Connection(Struct, frozen=True, kw_only=True):
    """How GitHub is reached.

    ``api_url`` is ``--api-url``; ``host`` replaces the web host derived from it. ``on_wait``
    is called while waiting, ``cancelled`` is asked whether to stop. ``others`` are further
    credentials: `apart` says which of all read an owner. ``points`` counts what they cost together.
    """

    credential: GitHubCredential = field(default_factory=GitHubCredential)
    others: tuple[GitHubCredential, ...] = ()
    points: Points | None = None
    api_url: str = DEFAULT_API
    host: str = ""
    limits: Limits = field(default_factory=Limits)
    on_wait: WaitCallback | None = None
    cancelled: Callable[[], bool] | None = None

    @property
    def _credentials(self) -> tuple[GitHubCredential, ...]:
        return (self.credential, *self.others)

    def apart(self, owner: str) -> tuple[Connection, ...]:
        """A connection for each credential that reads this owner: those that are for it alone,
        else those for any. CollectError where all are for others. Without an owner, for what
        GitHub shows to all, every credential will do.
        """
        every = self._credentials
        own = [each for each in every if each.owner.lower() == owner.lower()] if owner else every
        chosen = own or [each for each in every if not each.owner]
        if not chosen:
            raise CollectError(
                f"No token is for {owner}: each of them names another account.",
                "Add a line with this account's name and a token for it, or one without a name.",
            )
        points = self.points or Points()
        return tuple(replace(self, credential=c, others=(), points=points) for c in chosen)

    def reads(self, owner: str) -> bool:
        """Whether one of the credentials is for this owner."""
        return any(each.owner.lower() in {"", owner.lower()} for each in self._credentials)

    def client(self, owner: str) -> GitHubClient:
        """A client that reads this owner's repositories, with the first credential that may;
        CollectError where none can.
        """
        first = self.apart(owner)[0]
        pacer = Pacer(
            self.limits, on_wait=self.on_wait, cancelled=self.cancelled, points=first.points
        )
        address = api_address(self.api_url)
        return GitHubClient(
            first.auth(owner, address),
            api_url=address,
            pacer=pacer,
            host=self.host,
            reader=first.credential.digest(owner),
        )

    def auth(self, owner: str, address: str) -> Auth.Auth | None:
        """What authorizes requests about this owner; CollectError where an App is not installed."""
        credential = self.credential
        if credential.kind is CredentialKind.APP:
            return self._installation(owner, address)
        return Auth.Token(credential.secret.reveal()) if credential.secret else None

    def _installation(self, owner: str, address: str) -> InstallationAuth:
        """The App's installation at this owner; its token is asked for when first needed."""
        pacer = Pacer(
            replace(self.limits, max_points=None), on_wait=self.on_wait, cancelled=self.cancelled
        )
        app = GitHubClient(app_auth(self.credential), api_url=address, pacer=pacer)
        installation = _installation_id(app, owner)
        path = f"/app/installations/{installation}/access_tokens"

        def exchange() -> tuple[str, datetime]:
            # the App's own token lasts ten minutes, so each exchange signs a new one
            requester = Github(
                auth=app_auth(self.credential),
                base_url=address,
                retry=None,
                timeout=self.limits.timeout,
                seconds_between_requests=None,
                seconds_between_writes=None,
            ).requester
            try:
                status, headers, text = requester.requestJson("POST", path)
            finally:
                requester.close()
            if status >= 400:
                raise github.GithubException(status, None, headers, "no token")
            return _token_of(str(text))

        return InstallationAuth(exchange)


def _installation_id(app: GitHubClient, owner: str) -> int:
    for path in (f"/orgs/{quote(owner, safe='')}", f"/users/{quote(owner, safe='')}"):
        try:
            return read_as(Installation, app.get(f"{path}/installation").body).id
        except GitHubError as error:
            if error.reason is not GapReason.NOT_FOUND:
                raise
    raise CollectError(
        f"The GitHub App is not installed at {owner}.", "An owner of it installs the App first."
    )


def _token_of(text: str) -> tuple[str, datetime]:
    try:
        answer = shaped(parse_json(text), InstallationToken)
    except ValueError:
        raise github.GithubException(502, None, {}, "no token") from None
    end = moment(answer.expires_at) or datetime.now(UTC) + timedelta(minutes=50)
    return answer.token, end
