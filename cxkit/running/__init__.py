"""From a notebook to a report: parameters, kernels, runs, reports. Knows nothing of surveys or statistics.

The names below are loaded on first use, so that looking at a notebook's parameters does not wait for papermill.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cxkit.running.notebook import (
        Parameter,
        check_parameters,
        find_notebook,
        parse_parameters,
        read_notebook,
        read_parameters,
    )
    from cxkit.running.report import write_report
    from cxkit.running.run import Run, run_notebook
    from cxkit.running.runs import PlannedRun, read_runs, report_all
    from cxkit.running.tidy import tidy, tidy_file

__all__ = [
    "Parameter",
    "PlannedRun",
    "Run",
    "check_parameters",
    "find_notebook",
    "parse_parameters",
    "read_notebook",
    "read_parameters",
    "read_runs",
    "report_all",
    "run_notebook",
    "tidy",
    "tidy_file",
    "write_report",
]

_HOME = {
    "Parameter": "notebook",
    "PlannedRun": "runs",
    "Run": "run",
    "check_parameters": "notebook",
    "find_notebook": "notebook",
    "parse_parameters": "notebook",
    "read_notebook": "notebook",
    "read_parameters": "notebook",
    "read_runs": "runs",
    "report_all": "runs",
    "run_notebook": "run",
    "tidy_file": "tidy",
    "write_report": "report",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'cxkit.running' has no attribute {name!r}")
    return getattr(import_module(f"cxkit.running.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
