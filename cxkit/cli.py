"""The command line: parse, call one function, print. Everything here can be done from Python as well.

Only argparse is imported at the top: ``cxkit --help`` should answer at once, and each command pays for what it uses.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cxkit
from cxkit.errors import CxkitError, CxkitWarning, NotebookError, Problems, SurveyError

READING = {
    "missing_codes": [], "rename": {}, "header_row": 1, "delimiter": ",", "decimal": ".", "encoding": "utf-8",
    "sheet": None,
}  # fmt: skip
"""What ``check --read`` understands, with the usual values; `read_survey` says what each means."""

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 refused or failed, 2 misused, 130 interrupted."""
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
            f"something went wrong inside cxkit: {type(error).__name__}: {error}\n"
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
    _add_run(commands)
    _add_parameters(commands)
    _add_report(commands)
    _add_check(commands)
    _add_tidy(commands)
    return parser


def _add_run(commands: Any) -> None:
    parser = _command(commands, "run", run_command, "run one notebook and write its report")
    parser.add_argument("notebook", metavar="NOTEBOOK", help="a path, or the (start of a) name in ./notebooks")
    parser.add_argument(
        "-p", metavar="NAME=VALUE", dest="parameters", action="append", default=[], help="set a parameter; repeatable"
    )
    parser.add_argument("-o", metavar="FILE", dest="output", type=Path, help=".html or .ipynb (default out/NAME.html)")
    parser.add_argument("--timeout", metavar="S", type=_seconds, default=600.0, help="seconds per cell (default 600)")
    parser.add_argument("--show-code", action="store_true", help="leave the code unfolded in the report")


def _add_parameters(commands: Any) -> None:
    parser = _command(commands, "parameters", parameters_command, "list what a notebook lets you set")
    parser.add_argument("notebook", metavar="NOTEBOOK", help="a path, or the (start of a) name in ./notebooks")


def _add_report(commands: Any) -> None:
    parser = _command(commands, "report", report_command, "make all reports of a project")
    parser.add_argument(
        "runs",
        metavar="RUNS_TOML",
        nargs="?",
        type=Path,
        help="list of runs (default: notebooks/runs.toml, here or above)",
    )
    parser.add_argument("-o", metavar="DIR", dest="output", type=Path, help="folder for the reports (out/reports)")
    parser.add_argument("--only", metavar="NAME", nargs="+", help="only these runs")
    parser.add_argument("--workers", metavar="N", type=int, help="notebooks at a time (default 2, or 1 on one core)")
    parser.add_argument("--timeout", metavar="S", type=_seconds, default=600.0, help="seconds per cell (default 600)")
    parser.add_argument("--fresh", action="store_true", help="run all, also where nothing has changed")
    parser.add_argument("--show-code", action="store_true", help="leave the code unfolded in the reports")


def _add_check(commands: Any) -> None:
    parser = _command(commands, "check", check_command, "read a survey file and say what is in it or wrong with it")
    parser.add_argument("data", metavar="DATA", help="your file, or the name of a data set of the kit")
    parser.add_argument("--instrument", metavar="NAME_OR_TOML", help="what was asked")
    parser.add_argument(
        "-r", metavar="ROLE=COLUMN", dest="roles", action="append", default=[], help="e.g. level=position; repeatable"
    )
    parser.add_argument(
        "--read", metavar="NAME=VALUE", dest="reading", action="append", default=[],
        help="how to read the file, where needed; repeatable: " + ", ".join(READING),
    )  # fmt: skip


def _add_tidy(commands: Any) -> None:
    parser = _command(commands, "tidy", tidy_command, "strip notebooks of everything that is not their source")
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if a file is untidy")


def _command(
    commands: Any, name: str, function: Callable[[argparse.Namespace], int], summary: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False
    )
    parser.set_defaults(command=function)
    return parser


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of seconds above 0")
    return value


def run_command(options: argparse.Namespace) -> int:
    """``cxkit run``: one notebook, one report."""
    from cxkit.running.notebook import find_notebook
    from cxkit.running.parameters import parse_parameters, read_parameters

    path = find_notebook(options.notebook)
    values: dict[str, Any] = {}
    if options.parameters:  # all of them checked before papermill's slow import
        values = parse_parameters(options.parameters, read_parameters(path), where=path.name)
    from cxkit.running.run import run_notebook

    output = options.output or Path("out") / f"{path.stem}.html"
    run = run_notebook(path, values, output=output, timeout=options.timeout, show_code=options.show_code)
    print(run.output)
    return 0


def parameters_command(options: argparse.Namespace) -> int:
    """``cxkit parameters``: names, defaults and help of a notebook's parameters."""
    from cxkit.running.notebook import find_notebook
    from cxkit.running.parameters import read_parameters

    path = find_notebook(options.notebook)
    parameters = read_parameters(path)
    print(f"{path.name} understands -p with:")
    shown = [(p.name, f"{p.name}={p.default!r}" if p.kind != "str" else f"{p.name}={p.default}") for p in parameters]
    width = max((len(text) for _, text in shown), default=0)
    for parameter, (_, text) in zip(parameters, shown, strict=True):
        print(f"  {text:<{width}}  {parameter.help}".rstrip())
    return 0


def report_command(options: argparse.Namespace) -> int:
    """``cxkit report``: all reports of a project and their index."""
    from cxkit.running.batch import report_all

    runs, folder = options.runs, options.output or Path("out") / "reports"
    if runs is None:
        project, runs = _project_folder(), Path("notebooks") / "runs.toml"
        if project != Path.cwd():
            # Paths among the parameters are meant from the project's folder, wherever below it the command is given.
            folder = options.output.absolute() if options.output else project / folder
            os.chdir(project)
    report_all(
        runs,
        output_folder=folder,
        only=options.only,
        workers=options.workers,
        fresh=options.fresh,
        timeout=options.timeout,
        show_code=options.show_code,
    )
    print(folder / "index.html")
    return 0


def _project_folder() -> Path:
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "notebooks" / "runs.toml").is_file():
            return folder
    raise NotebookError(f"There is no notebooks/runs.toml in {here} or above it. Name the list of runs.")


def check_command(options: argparse.Namespace) -> int:
    """``cxkit check``: what is in a survey file, or everything that is wrong with it."""
    roles = _roles(options.roles)
    reading = _reading(options.reading)
    survey = cxkit.load_survey(options.data, instrument=options.instrument, respondent=roles or None, **reading)
    print(survey.text)
    return 0


def _reading(texts: Sequence[str]) -> dict[str, Any]:
    if not texts:
        return {}
    from cxkit.running.parameters import Parameter, kind_of, parse_parameters

    known = [Parameter(name=name, default=default, kind=kind_of(default)) for name, default in READING.items()]
    return parse_parameters(texts, known, where="--read")


def _roles(texts: Sequence[str]) -> dict[str, str]:
    problems = Problems("-r")
    roles: dict[str, str] = {}
    for text in texts:
        role, equals, column = text.partition("=")
        if not equals or not role or not column:
            problems.add(f"'{text}' is not of the form role=column")
        elif role in roles:
            problems.add(f"'{role}' is given twice")
        roles[role] = column
    if problems:
        problems.raise_as(SurveyError)
    return roles


def tidy_command(options: argparse.Namespace) -> int:
    """``cxkit tidy``: notebooks as they belong into a repository."""
    from cxkit.running.tidy import tidy_file

    untidy = [path for path in options.files if tidy_file(path, check=options.check)]
    for path in untidy:
        print(f"{path}: {'untidy; run cxkit tidy' if options.check else 'tidied'}")
    return EXIT_FAILED if untidy and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
