"""A stub OpenID Connect provider and a reverse proxy on loopback, for the tests of the login."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import parse_qs, urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

CLIENT = "release-audit"


class Provider:
    """Logs in whoever ``claims`` names, without asking; the rest is as OpenID Connect has it.

    Source: https://openid.net/specs/openid-connect-core-1_0.html
    """

    def __init__(self, server: HTTPServer) -> None:
        self.issuer = server.url_for("").rstrip("/")
        self.claims: dict[str, object] = {}
        self._key = RSAKey.generate_key(2048, auto_kid=True)
        self._nonces: dict[str, str] = {}
        server.expect_request("/.well-known/openid-configuration").respond_with_json(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )
        server.expect_request("/jwks").respond_with_json(
            {"keys": [self._key.as_dict(private=False)]}
        )
        server.expect_request("/authorize").respond_with_handler(self._authorize)
        server.expect_request("/token", method="POST").respond_with_handler(self._token)

    def _authorize(self, request: Request) -> Response:
        code = f"code-{len(self._nonces)}"
        self._nonces[code] = request.args.get("nonce", "")
        query = urlencode({"code": code, "state": request.args["state"]})
        return Response(status=302, headers={"Location": f"{request.args['redirect_uri']}?{query}"})

    def _token(self, request: Request) -> Response:
        code = parse_qs(request.get_data(as_text=True))["code"][0]
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": "1",
            "iat": now,
            "exp": now + 3600,
            "nonce": self._nonces[code],
            **self.claims,
        }
        token = jwt.encode({"alg": "RS256", "kid": self._key.kid}, claims, self._key)
        answer = {"access_token": "a", "token_type": "Bearer", "id_token": token}
        return Response(json.dumps(answer), content_type="application/json")


@contextmanager
def reverse_proxy(port: int) -> Iterator[int]:
    """A port of loopback whose connections reach another one as they are: like README's
    proxy, it passes on the Host header and WebSocket upgrades.
    """

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", port)) as upstream:
                back = threading.Thread(target=_pass_on, args=(upstream, self.request))
                back.start()
                _pass_on(self.request, upstream)
                back.join()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield int(server.server_address[1])
        server.shutdown()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):  # either side is gone
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
