"""Hosts and pages of a package index, derived from the address of its simple index."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from msgspec import Struct

from audits.model.publication import Channel
from audits.model.quoting import quoted_segment


class IndexHosts(Struct, frozen=True, kw_only=True):
    """Where an index of Warehouse's kind lives.

    ``base`` is its address without a slash at the end, ``host`` its host in lower case without
    ``www.`` (with its port, where that is not the scheme's own). The address of the public
    index comes from `pypi_simple`; see `audits.collect.index.default_index`.
    """

    base: str
    host: str

    @classmethod
    def of(cls, simple_url: str) -> IndexHosts:
        """The hosts for a simple index (``https://index.example/simple/``).

        ValueError, with one sentence, where that is no http(s) address.
        """
        host = _host_of(simple_url)
        if not host or urlsplit(simple_url).scheme.lower() not in {"http", "https"}:
            raise ValueError(
                f"{simple_url!r} is no address of a package index: give one such as "
                "https://index.example/simple/."
            )
        parts = urlsplit(simple_url)
        path = parts.path.rstrip("/").removesuffix("/simple").rstrip("/")
        netloc = parts.netloc.rpartition("@")[2].lower()
        return cls(base=f"{parts.scheme.lower()}://{netloc}{quote(path, safe='/%')}", host=host)

    @property
    def simple(self) -> str:
        """The simple index, with its slash."""
        return f"{self.base}/simple/"

    @property
    def upload_hosts(self) -> tuple[str, ...]:
        """Hosts that uploads of the production index go to."""
        return (self.host, f"upload.{self.host}")

    @property
    def test_hosts(self) -> tuple[str, ...]:
        """Hosts of the index for trying things out."""
        return (f"test.{self.host}", f"upload.test.{self.host}")

    @property
    def test(self) -> IndexHosts:
        """The index for trying things out, which keeps publishers of its own."""
        return IndexHosts(base=f"https://test.{self.host}", host=f"test.{self.host}")

    @property
    def docs(self) -> str:
        """The base of its documentation."""
        return f"https://docs.{self.host}"

    def channel_of(self, url: str) -> Channel:
        """Which instance a repository URL means; unknown where it holds an expression.

        The old names of the public index (``pypi.python.<any>``, ``testpypi.python.<any>``)
        are still in use in workflows; they are recognized by their labels.
        """
        if "${{" in url or url.strip().startswith("$"):
            return Channel.UNKNOWN
        host = _host_of(url)
        stem = host.rpartition(".")[0]
        public = self.host.rpartition(".")[0] == "pypi"
        if host in self.upload_hosts or (public and stem in {"pypi.python", "upload.pypi.python"}):
            return Channel.PRODUCTION
        if host in self.test_hosts or (public and stem == "testpypi.python"):
            return Channel.TEST
        return Channel.PRIVATE

    def project_page(self, package: str, version: str = "") -> str:
        """The page of a package or of one of its releases; "" unless over https."""
        return self._page("project", package, version)

    def publishing_page(self, package: str) -> str:
        """The page on which its trusted publishers are kept; "" unless over https."""
        return self._page("manage", "project", package, "settings", "publishing")

    def _page(self, *segments: str) -> str:
        if not self.base.startswith("https://"):
            return ""
        path = "/".join(quoted_segment(segment) for segment in segments if segment)
        return f"{self.base}/{path}/"


def _host_of(url: str) -> str:
    """The host in lower case, without ``www.``, a final dot and the scheme's own port."""
    text = url.strip()
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        port = parts.port
    except ValueError:
        return ""
    host = (parts.hostname or "").rstrip(".").removeprefix("www.")
    usual = {"http": 80, "https": 443}.get(parts.scheme.lower())
    return f"{host}:{port}" if port is not None and port != usual else host
