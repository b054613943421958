"""What all commands share: how one is added, kinds of arguments, exit codes."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from cxkit.errors import NotebookError
from cxkit.files import refuse_address

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141


def add_command(
    commands: Any, name: str, function: Callable[[argparse.Namespace], int], summary: str
) -> argparse.ArgumentParser:
    """One more command: its name, the function that carries it out, and what the list of commands says of it."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False
    )
    parser.set_defaults(command=function)
    return parser


@contextmanager
def heeding_signals() -> Iterator[None]:
    """Be stopped by SIGTERM and SIGHUP as by Ctrl-C, so that what was done and how to go on is said.

    A signal that is ignored stays ignored: `nohup` asks for that.
    """
    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    if threading.current_thread() is not threading.main_thread():
        names = []  # only the main thread may set what a signal does
    usual = {getattr(signal, name): signal.getsignal(getattr(signal, name)) for name in names}

    def stop(number: int, _: object) -> None:
        raise KeyboardInterrupt

    for number, before in usual.items():
        if before is signal.SIG_DFL:
            signal.signal(number, stop)
    try:
        yield
    finally:
        for number, before in usual.items():
            if before is signal.SIG_DFL:
                signal.signal(number, before)


def local_path(text: str) -> Path:
    """An argument that is a file or folder of this machine."""
    try:
        refuse_address(text)
    except NotebookError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return Path(text)


END_OF_DAY = time(23, 59)
"""When a day that is given without a time is over: nobody who sets a deadline for a day means its first minute."""


def moment(text: str) -> datetime:
    """An argument that is a time; of a day alone it is 23:59, which is said."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is not None:
        sys.stderr.write(f"cxkit: note: '{text}' names no time of day: 23:59 was taken.\n")
        return datetime.combine(day, END_OF_DAY)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a time; write it as 2026-03-01 23:59") from None


def seconds(text: str) -> float:
    """An argument that is a length of time."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of seconds above 0")
    return value
