"""Formats single values as cells: words with signs, links, safe CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping
from math import isnan
from urllib.parse import quote, urlsplit

import pandas as pd

from audits.model.outcome import Link
from audits.model.rows import RepositoryRow
from audits.report.cells import cell
from audits.report.escape import without_controls

_BREAKS = re.compile(r"[\r\n\x00\u2028\u2029]+")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?", re.IGNORECASE)


def visible(text: str) -> str:
    """Untrusted text on one line; control characters and marks that reorder text are visible."""
    return without_controls(_BREAKS.sub(" ", text).replace("\t", " "))


def as_named(word: str, names: Iterable[str], shown: Callable[[str], str] = visible) -> str | None:
    """The name that a word of a table or an address means: itself, or as a table shows it; None
    where there is no such name.
    """
    known = list(names)
    return word if word in known else next((name for name in known if shown(name) == word), None)


def prose(text: str) -> str:
    """A sentence of ours in plain text: the back-ticks around names would be shown as they are."""
    return visible(text).replace("`", "")


def label_text(text: str) -> str:
    """Untrusted text for a label, which Streamlit reads as Markdown: other characters escaped."""
    return re.sub(r"([^\w\s.-])", r"\\\1", visible(text))


def safe_url(url: str) -> str:
    """The address if it is plain https to a named host, "" otherwise."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    odd = any(c.isspace() or ord(c) < 32 or c in "\\<>\"'`" for c in url)
    if parts.scheme != "https" or odd or not _HOST.fullmatch(parts.netloc):
        return ""
    return url


def link_of(links: Iterable[Link], kind: str) -> str:
    """The first safe address of this kind, or ""."""
    return next((url for link in links if link.kind == kind and (url := safe_url(link.url))), "")


def repository_url(host: str, owner: str, repository: str) -> str:
    """The repository's own page, or "" where its host or owner cannot be one."""
    if not owner or not repository or not _HOST.fullmatch(host):
        return ""
    return safe_url(f"https://{host}/{quote(owner, safe='')}/{quote(repository, safe='')}")


def span(text: str) -> str:
    """Text in a code span, with what would end the span taken out."""
    quoted = visible(text).replace("`", "'")
    return f"`{quoted}`" if text else "(nothing)"


def line_url(host: str, owner: str, repository: str, commit: str, path: str, line: int) -> str:
    """The page of a line at a commit, or "" where either is not known."""
    base = repository_url(host, owner, repository)
    if not base or not line or not re.fullmatch(r"[0-9a-f]{40,64}", commit):
        return ""
    return safe_url(f"{base}/blob/{commit}/{quote(path)}#L{line}")


def commit_url(row: RepositoryRow) -> str:
    """The page of the commit that was audited, or "" where there is none."""
    base = repository_url(row.host, row.owner, row.repository)
    known = base and re.fullmatch(r"[0-9a-f]{40,64}", row.commit)
    return f"{base}/commit/{row.commit}" if known else ""


def csv_text(frame: pd.DataFrame) -> str:
    """RFC 4180, one record a line, as `release-audit export` writes it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([cell(str(name)) for name in frame.columns])
    writer.writerows([_value(value) for value in row] for row in frame.itertuples(index=False))
    return out.getvalue()


def _value(value: object) -> str:
    if value is None or value is pd.NaT or (isinstance(value, float) and isnan(value)):
        return ""
    if isinstance(value, pd.Timestamp):
        return cell(value.to_pydatetime())
    return cell(value) if isinstance(value, (str, int, float, bool)) else cell(str(value))


def frame_of(rows: Iterable[Mapping[str, object]], columns: Iterable[str]) -> pd.DataFrame:
    """A frame with these columns in this order, also where there are no rows."""
    return pd.DataFrame(list(rows), columns=list(columns))
