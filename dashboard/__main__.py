"""Runs the dashboard's web server: `python -m dashboard OPTIONS`, as `release-audit dashboard`
starts it. OPTIONS are Streamlit's, as one JSON object; those that keep it safe are fixed here.
"""

from __future__ import annotations

import logging
import signal
import sys
from functools import partial
from types import FrameType

import msgspec

FIXED = {
    "browser.gatherUsageStats": False,
    "client.disableDataExport": True,
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,  # they carry an error's text to other hosts
    "client.toolbarMode": "viewer",
    "global.developmentMode": False,
    # Pages of tables come from the address, over the default that the widget always has.
    "global.disableWidgetStateDuplicationWarning": True,
    "logger.hideWelcomeMessage": True,
    "runner.magicEnabled": False,
    "server.allowRunOnSave": False,
    "server.corsAllowedOrigins": [],
    "server.enableAgentApi": False,
    "server.enableCORS": True,
    "server.enableStaticServing": False,
    "server.enableXsrfProtection": True,
    "server.fileWatcherType": "none",
    "server.maxUploadSize": 1,
    "server.scriptHealthCheckEnabled": False,
    "server.showEmailPrompt": False,
    "server.trustedUserHeaders": "{}",
    "server.unsafeMetricsUserAttributes": [],
}
"""Given as flags, these outweigh variables of the environment and files in the home."""

_ENDING_SECONDS = 3
"""How long an ending server waits for the answers that it still gives."""


def main() -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP, which all end it with exit code 0."""
    options = msgspec.json.decode(sys.argv[1], type=dict[str, str | int | bool | list[str]])
    _quiet()
    _end_on_signals()
    _end_in_time()
    from dashboard.server import app

    app.run(config={**FIXED, **options})


def _end_on_signals() -> None:
    """End at once while nothing is served yet. Uvicorn takes SIGINT and SIGTERM over, stops in
    order, and then raises them once more. A signal that is ignored (nohup) stays so.
    """
    signal.signal(signal.SIGTERM, _ended)
    signal.signal(signal.SIGINT, _ended)
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _as_terminated)


def _end_in_time() -> None:
    """Bound how long the ending server waits for connections: nobody closes one that comes as it
    ends, and Uvicorn would wait for that forever. Streamlit has no option for it.
    """
    import uvicorn

    bounded = partial(uvicorn.Config, timeout_graceful_shutdown=_ENDING_SECONDS)
    uvicorn.Config = bounded  # type: ignore[assignment,misc]


def _ended(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def _as_terminated(_number: int, _frame: FrameType | None) -> None:
    signal.raise_signal(signal.SIGTERM)


def _quiet() -> None:
    """Leave out what Uvicorn says about its own life, and what it no longer waits for as it ends;
    warnings and other errors stay.
    """
    logging.getLogger("uvicorn.error").addFilter(is_worth_a_line)


def is_worth_a_line(record: logging.LogRecord) -> bool:
    """Whether a record of Uvicorn is shown; its message may be an exception."""
    return record.levelno >= logging.WARNING and "graceful shutdown" not in str(record.msg)


if __name__ == "__main__":
    main()
