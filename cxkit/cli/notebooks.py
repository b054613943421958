"""Commands on one notebook: run it, ask for its parameters, tidy it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from cxkit.cli.commands import EXIT_FAILED, add_command, local_path, seconds


def add_to(commands: Any) -> None:
    """Add the commands of this module."""
    _add_run(commands)
    _add_parameters(commands)
    _add_tidy(commands)
    _add_notebooks(commands)


def _add_run(commands: Any) -> None:
    parser = add_command(commands, "run", run_command, "run one notebook and write its report")
    parser.add_argument(
        "notebook", metavar="NOTEBOOK", help="a path, or the (start of a) name in ./notebooks or of cxkit"
    )
    parser.add_argument(
        "-p", metavar="NAME=VALUE", dest="parameters", action="append", default=[], help="set a parameter; repeatable"
    )
    parser.add_argument("-o", metavar="FILE", dest="outputs", type=local_path, action="append", default=[],
                        help=".html, .pdf or .ipynb (default out/NAME.html); repeatable: all from one run")  # fmt: skip
    parser.add_argument("--timeout", metavar="S", type=seconds, default=600.0, help="seconds per cell (default 600)")
    parser.add_argument("--show-code", action="store_true", help="leave the code unfolded in the report")


def _add_parameters(commands: Any) -> None:
    parser = add_command(commands, "parameters", parameters_command, "list what a notebook lets you set")
    parser.add_argument(
        "notebook", metavar="NOTEBOOK", help="a path, or the (start of a) name in ./notebooks or of cxkit"
    )


def _add_tidy(commands: Any) -> None:
    parser = add_command(commands, "tidy", tidy_command, "strip notebooks of everything that is not their source")
    parser.add_argument("files", metavar="FILE", nargs="+", type=local_path)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if a file is untidy")


def _add_notebooks(commands: Any) -> None:
    parser = add_command(commands, "notebooks", notebooks_command, "list cxkit's notebooks, or copy one out")
    parser.add_argument("notebook", metavar="NOTEBOOK", nargs="?", help="the (start of a) name: copy this one")
    parser.add_argument("-o", metavar="FILE_OR_DIR", dest="output", type=local_path, default=Path(),
                        help="where the copy goes (default: here)")  # fmt: skip


def notebooks_command(options: argparse.Namespace) -> int:
    """``cxkit notebooks``: names and titles; with a name, a copy to change."""
    from cxkit.running.notebooks.notebook import shipped_notebooks, title_of

    if options.notebook:
        from cxkit.study import copy_notebook

        print(copy_notebook(options.notebook, options.output))
        return 0
    found = shipped_notebooks()
    width = max((len(path.stem) for path in found), default=0)
    for path in found:
        print(f"{path.stem:<{width}}  {title_of(path)}".rstrip())
    return 0


def _why_none(stem: str) -> str:
    """Why a study has no such notebook; asked only where it has none, since reading an instrument takes a while."""
    from cxkit.study import why_none

    return why_none(stem)


def run_command(options: argparse.Namespace) -> int:
    """``cxkit run``: one notebook, one report."""
    from cxkit.running.notebooks.notebook import find_notebook
    from cxkit.running.notebooks.parameters import parse_parameters, read_parameters

    path = find_notebook(options.notebook, why_none=_why_none)
    values: dict[str, Any] = {}
    if options.parameters:  # all of them checked before papermill's slow import
        values = parse_parameters(options.parameters, read_parameters(path), where=path.name)
    from cxkit.running.run import run_notebook

    outputs = options.outputs or [Path("out") / f"{path.stem}.html"]
    run_notebook(path, values, output=outputs, timeout=options.timeout, show_code=options.show_code)
    print(*outputs, sep="\n")
    return 0


def parameters_command(options: argparse.Namespace) -> int:
    """``cxkit parameters``: names, defaults and help of a notebook's parameters."""
    from cxkit.running.notebooks.notebook import find_notebook
    from cxkit.running.notebooks.parameters import read_parameters

    path = find_notebook(options.notebook, why_none=_why_none)
    parameters = read_parameters(path)
    print(f"{path.name} understands -p with:")
    shown = [(p.name, f"{p.name}={p.default!r}" if p.kind != "str" else f"{p.name}={p.default}") for p in parameters]
    width = max((len(text) for _, text in shown), default=0)
    for parameter, (_, text) in zip(parameters, shown, strict=True):
        print(f"  {text:<{width}}  {parameter.help}".rstrip())
    return 0


def tidy_command(options: argparse.Namespace) -> int:
    """``cxkit tidy``: notebooks as they belong into a repository."""
    from cxkit.running.notebooks.tidy import tidy_file

    untidy = [path for path in options.files if tidy_file(path, check=options.check)]
    for path in untidy:
        print(f"{path}: {'untidy; run cxkit tidy' if options.check else 'tidied'}")
    return EXIT_FAILED if untidy and options.check else 0
