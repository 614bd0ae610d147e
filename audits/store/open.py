"""Opens the database, checks its schema, and upgrades it."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any

import platformdirs
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, inspect, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from audits.store.errors import StoreError
from audits.store.schema.tables import metadata, version
from audits.store.schema.types import CHECKED
from audits.store.store import Store

REVISIONS = tuple(
    sorted(
        path.name.partition("_")[0]
        for path in (Path(__file__).parent / "migrations" / "versions").glob("v*_*.py")
    )
)
"""The schema's revisions, oldest first. Files are named after theirs, as importing Alembic to
read them takes longer than opening a database."""

HEAD = REVISIONS[-1]
"""The newest revision of the schema."""

_BUSY_SECONDS = 30
"""How long both databases wait by themselves for what somebody else holds; a scan that waited
longer ends with a sentence, as whoever holds it is a fault that a repetition would not end."""

_FILE_NAME = "history.sqlite"
_SQLITE = ("sqlite", "sqlite+pysqlite")
_SUFFIXES = (".sqlite", ".sqlite3", ".db")
_POSTGRES = re.compile(r"^postgres(?=\+|://)", re.IGNORECASE)
"""The short form that PostgreSQL's own tools take, too."""
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:|\w+\s*=")
"""The beginning of a URL, or of PostgreSQL's ``key=value`` form; a drive is one letter."""


def default_path() -> str:
    """The path of the SQLite file in the user's data directory."""
    return str(Path(platformdirs.user_data_dir("release-audit", appauthor=False)) / _FILE_NAME)


def open_store(url: str | None = None, *, read_only: bool = False) -> Store:
    """Open the store at a database's URL or a file's path, by default `default_path`.

    A new SQLite file or an empty database gets its tables, and an older one is brought up to
    date, unless ``read_only``. StoreError where that cannot be.
    """
    address = _address(url)
    if read_only:
        _must_exist(address)
    else:
        _make_room(address)
    reader = _engine(address, write=False, read_only=read_only)
    writer = None if read_only else _engine(address, write=True, read_only=False)
    try:
        # SQLite would create the file to look for its revision.
        revision = "" if writer and _is_new(address) else _revision(reader, address)
        if writer is None and revision != HEAD:
            raise _behind(revision, address)
        if writer is not None and not revision:
            _create(writer, address)
        elif revision != HEAD:
            upgrade(url)
    except StoreError:
        for engine in (reader, writer):
            if engine is not None:
                engine.dispose()
        raise
    return Store(reader=reader, writer=writer, name=_shown(address))


def _is_new(address: URL) -> bool:
    try:
        return address.get_backend_name() == "sqlite" and not Path(str(address.database)).exists()
    except OSError:
        return False  # opening it raises an error with a sentence


def _create(engine: Engine, address: URL) -> None:
    """Make the newest schema's tables in an empty database, and store its revision.

    The migrations make exactly these, but Alembic takes 0.4 s to import.
    """
    try:
        with engine.begin() as connection:
            # Another process may have been first.
            if not _read_revision(connection, _shown(address)):
                metadata.create_all(connection, checkfirst=False)
                version.create(connection)
                connection.execute(version.insert().values(version_num=HEAD))
    except (DBAPIError, sqlite3.Error) as error:
        raise unreachable(error, _shown(address)) from error


def upgrade(url: str | None = None) -> str:
    """Bring the database's schema up to date and return its revision."""
    # Alembic takes 0.4 s to import, so only where there is something to do.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    address = _address(url)
    _make_room(address)
    engine = _engine(address, write=True, read_only=False)
    try:
        if _revision(engine, address) != HEAD:
            config = Config()
            config.set_main_option("script_location", "audits.store:migrations")
            config.set_main_option("path_separator", "os")
            with engine.begin() as connection:
                config.attributes["connection"] = connection
                command.upgrade(config, HEAD)
    except (DBAPIError, CommandError) as error:
        raise unreachable(error, _shown(address)) from error
    finally:
        engine.dispose()
    return HEAD


def unreachable(error: Exception, name: str) -> StoreError:
    """The error of a database driver, in a sentence that holds no password."""
    reason = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
    if "not a database" in reason:
        return StoreError(
            f"{name} is not a SQLite database.",
            "Name another file, or move this one away and scan again.",
        )
    return StoreError(
        f"The database {name} cannot be used: {reason}.",
        "Check that it exists, is reachable and that you may write to it.",
    )


def _address(text: str | None) -> URL:
    """The address of a database: a URL, or the path of an SQLite file.

    Paths are taken as they are typed: nothing in them is decoded, as nothing is in a shell.
    """
    text = default_path() if text is None or not text.strip() else text.strip()
    if "\0" in text:
        raise _not_understood()
    scheme, slashes, path = text.partition(":///")
    if slashes and scheme.lower() in _SQLITE:
        if "?" in path:
            raise StoreError(
                f"The address {text} has a '?', which begins options in a URL.",
                "Give the path of the file alone, without sqlite:///.",
            )
        if path in {"", ":memory:"}:
            raise _not_understood()
        return URL.create("sqlite", database=path)
    if _is_path(text):
        return URL.create("sqlite", database=str(Path(text).expanduser()))
    try:
        address = make_url(_POSTGRES.sub("postgresql", text, count=1))
        kind = address.get_backend_name()
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise _not_understood() from None
    if kind != "postgresql":
        raise _not_understood()
    return address.set(drivername="postgresql+psycopg")


def absolute_address(text: str | None) -> str:
    """A database's address that means the same in every folder; StoreError for none."""
    address = _address(text)
    if text and address.get_backend_name() != "sqlite":
        return text.strip()
    return str(Path(str(address.database)).absolute())


def _is_path(text: str) -> bool:
    """Whether an address without a scheme names a file; a bare word is more likely a mistake."""
    named = text.lower().endswith(_SUFFIXES) or "/" in text or "\\" in text
    return named and "://" not in text and _SCHEME.match(text) is None


def _not_understood() -> StoreError:
    return StoreError(
        "The database's address is not understood.",
        "Give the path of a file that ends with .sqlite, or postgresql://user@host/name.",
    )


def _shown(address: URL) -> str:
    """The address as it may be printed: a file's path, or a URL without its password."""
    if address.get_backend_name() == "sqlite":
        return str(address.database)
    return address.set(password=None, query={}, drivername="postgresql").render_as_string()


def _must_exist(address: URL) -> None:
    if address.get_backend_name() == "sqlite" and not Path(str(address.database)).is_file():
        raise StoreError(
            f"There is no database at {_shown(address)}.",
            "Run `release-audit scan` first, or name another database with --database.",
        )


def _make_room(address: URL) -> None:
    if address.get_backend_name() == "sqlite":
        folder = Path(str(address.database)).absolute().parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"The folder {folder} cannot be made: {error.strerror}.",
                "Name another database with --database.",
            ) from error


def _engine(address: URL, *, write: bool, read_only: bool) -> Engine:
    if address.get_backend_name() == "sqlite":
        return _sqlite(address, write=write, read_only=read_only)
    # A scan commits per repository; should the server crash, its last moment is scanned again.
    setting = "default_transaction_read_only=on" if read_only else "synchronous_commit=off"
    # Without a time-out, a nightly scan would wait for a forgotten session without end.
    options = f"-c {setting} -c lock_timeout={_BUSY_SECONDS}s"
    arguments: dict[str, Any] = {"connect_timeout": 10, "options": options}
    try:
        return create_engine(address, connect_args=arguments, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise StoreError(
            "PostgreSQL needs the psycopg driver, which is not installed.",
            "Install release-audit[postgres].",
        ) from error


def _sqlite(address: URL, *, write: bool, read_only: bool) -> Engine:
    """An engine on a file; readers get a connection of their own per call, none is shared."""
    path = Path(str(address.database)).absolute()
    mode = "ro" if read_only else "rwc"

    def connect() -> sqlite3.Connection:
        # A file: URI, so that mode=ro holds and odd characters of the path are escaped.
        connection = sqlite3.connect(
            f"{path.as_uri()}?mode={mode}",
            uri=True,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA cache_size = -65536")
        if not read_only:
            # Readers go on while a scan writes; a crash of the process loses nothing.
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=None if write else NullPool)
    engine.dialect.colspecs = {**engine.dialect.colspecs, **CHECKED}
    begin = "BEGIN IMMEDIATE" if write else "BEGIN"
    # sqlite3 begins transactions by rules of its own; here each begins on request.
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _revision(engine: Engine, address: URL) -> str:
    """The schema's revision, "" for an empty database; StoreError for a stranger's."""
    try:
        with engine.connect() as connection:
            return _read_revision(connection, _shown(address))
    except (DBAPIError, sqlite3.Error) as error:
        raise unreachable(error, _shown(address)) from error


def _read_revision(connection: Connection, name: str) -> str:
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return ""
    if "alembic_version" not in tables or "scan" not in tables:
        raise StoreError(
            f"The database {name} holds other tables than release-audit's.",
            "Name an empty database, or one that release-audit made.",
        )
    row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").first()
    revision = str(row[0]) if row else ""
    if revision not in REVISIONS:
        raise StoreError(
            f"The database {name} has a schema that this release-audit does not know ({revision}).",
            "Scan again into a new database, named by --database; where a newer release-audit "
            "wrote this one, update the program instead.",
        )
    return revision


def _behind(revision: str, address: URL) -> StoreError:
    if not revision:
        return StoreError(
            f"The database {_shown(address)} is empty.", "Run `release-audit scan` first."
        )
    return StoreError(
        f"The database {_shown(address)} has an older schema ({revision}).",
        "Run `release-audit db upgrade`.",
    )
