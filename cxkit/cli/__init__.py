"""The command line: parse, call one function, print. Everything here can be done from Python as well.

Only argparse is imported at the top: ``cxkit --help`` should answer at once, and each command pays for what it uses.
One module a family of commands; each has ``add_to``, which `_parser` calls.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import cxkit
from cxkit.cli import (
    batches,
    coursework_class,
    coursework_gradebook,
    coursework_marking,
    coursework_records,
    coursework_release,
    coursework_written,
    machine,
    notebooks,
    proofs,
    reports,
    surveys,
)
from cxkit.cli.commands import EXIT_BROKEN_PIPE, EXIT_FAILED, EXIT_INTERRUPTED
from cxkit.errors import CxkitError, CxkitWarning, fault_of


def _print_anything() -> None:
    """A terminal or a pipe of few letters (LC_ALL=C, PYTHONIOENCODING=ascii) shows the others by their numbers."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 refused or failed, 2 misused, 130 interrupted."""
    _print_anything()
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        with _plain_warnings():
            code = command(options)
        sys.stdout.flush()
    except CxkitError as error:
        _complain(str(error))
        return _failed(EXIT_FAILED)
    except KeyboardInterrupt as stop:
        _complain(str(stop) or "interrupted.")
        return _failed(EXIT_INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has left (`| head`). Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE
    except Exception as error:
        _complain(
            f"something went wrong inside cxkit: {fault_of(error)}\n"
            "Please report it. With CXKIT_DEBUG=1 in the environment the same command shows where."
        )
        return _failed(EXIT_FAILED)
    return code


def _failed(code: int) -> int:
    """The exit code, or the traceback for those who asked for it."""
    if os.environ.get("CXKIT_DEBUG") == "1":
        raise  # noqa: PLE0704 - called from an except clause
    return code


def _complain(message: str) -> None:
    sys.stderr.write(f"cxkit: {message}\n")


@contextmanager
def _plain_warnings() -> Iterator[None]:
    """Warnings of cxkit as one line each, without the place in our code; those of libraries as Python has them."""
    usual = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        if issubclass(category, CxkitWarning):
            _complain(f"note: {message}")
        else:
            usual(message, category, *place, **more)

    with warnings.catch_warnings():
        warnings.simplefilter("always", CxkitWarning)
        warnings.showwarning = show
        yield


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cxkit", description="Measure customer culture: notebooks in, reports out.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"cxkit {cxkit.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    families = (
        notebooks,
        reports,
        proofs,
        batches,
        surveys,
        coursework_release,
        coursework_marking,
        coursework_records,
        coursework_written,
        coursework_gradebook,
        coursework_class,
        machine,
    )
    for family in families:
        family.add_to(commands)
    return parser
