"""Signals that end a command in good order, and what they do not interrupt."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from audits.interrupts import Interrupted, ending_in_order, exit_status, uninterrupted

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_interrupts_as_ctrl_c_does(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt) as stopped, ending_in_order():
        os.kill(os.getpid(), number)
    assert exit_status(stopped.value) == 128 + number
    assert signal.getsignal(number) is before


def struck(done: list[str], *numbers: signal.Signals) -> None:
    """Get signals in a part that is not to be interrupted, and go on after it."""
    with uninterrupted():
        with uninterrupted():
            for number in numbers:
                os.kill(os.getpid(), number)
                done.append("inner")
        done.append("outer")
    done.append("after")


@pytest.mark.parametrize("number", SIGNALS)
def test_what_must_not_be_torn_is_finished_first(number: signal.Signals) -> None:
    done: list[str] = []
    with pytest.raises(Interrupted), ending_in_order():
        struck(done, number)
    assert done == ["inner", "outer"]


def test_a_second_ctrl_c_does_not_wait() -> None:
    done: list[str] = []
    with pytest.raises(Interrupted), ending_in_order():
        struck(done, signal.SIGINT, signal.SIGINT)
    assert done == ["inner"]


def test_a_closing_terminal_sends_its_signal_twice() -> None:
    done = []
    with ending_in_order():
        try:
            os.kill(os.getpid(), signal.SIGHUP)
        except Interrupted:
            os.kill(os.getpid(), signal.SIGHUP)
            os.kill(os.getpid(), signal.SIGTERM)
            done.append("tidied up")
    assert done == ["tidied up"]


def test_what_nohup_has_ignored_stays_so() -> None:
    program = (
        "import os, signal\n"
        "from audits.interrupts import ending_in_order\n"
        "with ending_in_order():\n"
        "    os.kill(os.getpid(), signal.SIGHUP)\n"
        "    print('goes on')\n"
    )
    command = ["nohup", sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "goes on\n"


def test_a_copy_of_the_process_dies_of_it() -> None:
    with ending_in_order():
        child = os.fork()
        if child == 0:
            os.kill(os.getpid(), signal.SIGTERM)
            os._exit(0)
        _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGTERM
