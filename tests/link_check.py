"""Follows every link of the checks, the pages and the workflows; run weekly, as it needs the internet.

Run as ``python -m tests.link_check``. A link is broken where the page does not exist, or has no
element with the id that its fragment names. A server that fails, or refuses robots, is listed
and breaks nothing: that says nothing about the link.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote, urldefrag

import requests

from audits.check import Check
from audits.checks import all_checks

ROOT = Path(__file__).parent.parent
PAGES = ("*.md", ".github/*.md", "audits/**/*.md", "audits/**/*.py", "dashboard/**/*.py")
_LINK = re.compile(r"(https://[^\s<>\"'`\\(){}\[\]*…]+)([<{*…]?)")
_INVENTED = (".example", "example.com", "example.org", "localhost")
"""Ends of hosts that documentation invents; its invented owner is orchard-labs."""
_SECONDS = 30
_GONE = (404, 410)


def links_of(checks: Iterable[Check], paths: Iterable[Path]) -> list[str]:
    """All links, each once; not those with an invented host or a part left open."""
    found = {link for check in checks for link in (*check.links, *_links_in(check.text))}
    found |= {link for path in paths for link in _links_in(path.read_text("utf-8"))}
    return sorted(found)


def _links_in(text: str) -> Iterator[str]:
    for found, goes_on in _LINK.findall(text):
        link = found.rstrip(".,;:!?|")
        host = link.split("/")[2].partition(":")[0]
        is_open = goes_on or "OWNER" in link or "/orchard-" in link
        if "." in host and not host.endswith(_INVENTED) and not is_open:
            yield link


def fault_of(link: str, session: requests.Session) -> tuple[bool, str]:
    """Whether a link is broken, and what is wrong; "" where nothing is."""
    address, fragment = urldefrag(link)
    try:
        answer = session.get(address, timeout=_SECONDS)
    except requests.RequestException as error:
        return False, type(error).__name__
    if answer.status_code in _GONE:
        return True, f"status {answer.status_code}"
    if not answer.ok:
        return False, f"status {answer.status_code}"
    if fragment and "html" in answer.headers.get("content-type", ""):
        name = re.escape(unquote(fragment))
        # GitHub's pages prefix the ids of what people write.
        if not re.search(rf"""(?:id|name)=["']?(?:user-content-)?{name}\b""", answer.text):
            return True, f"no element with the id {fragment}"
    return False, ""


def main(links: Iterable[str]) -> int:
    """Print what is wrong with links; 1 where one is broken."""
    session = requests.Session()
    session.headers["user-agent"] = "release-audit link check"
    broken = 0
    for link in links:
        is_broken, fault = fault_of(link, session)
        broken += is_broken
        if fault:
            sys.stdout.write(f"{'broken' if is_broken else 'not followed'}: {link}: {fault}\n")
    sys.stdout.write(f"{broken} broken links\n")
    return 1 if broken else 0


if __name__ == "__main__":
    files = {path for pattern in PAGES for path in ROOT.glob(pattern)}
    sys.exit(main(links_of(all_checks(), files)))
