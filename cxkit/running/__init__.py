"""From a notebook to a report: parameters, kernels, runs, reports. Knows nothing of surveys or statistics.

The names below are loaded on first use, so that looking at a notebook's parameters does not wait for papermill.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cxkit.late_grammars import load_grammars_late

if TYPE_CHECKING:
    from cxkit.running.notebook import find_notebook, read_notebook
    from cxkit.running.parameters import Parameter, check_parameters, parse_parameters, read_parameters
    from cxkit.running.plan import Run
    from cxkit.running.report import write_report
    from cxkit.running.reports import report_all
    from cxkit.running.run import run_notebook
    from cxkit.running.runs import PlannedRun, read_runs
    from cxkit.running.tidy import tidy_file

load_grammars_late()

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
    "tidy_file",
    "write_report",
]

_HOME = {
    "Parameter": "parameters",
    "PlannedRun": "runs",
    "Run": "plan",
    "check_parameters": "parameters",
    "find_notebook": "notebook",
    "parse_parameters": "parameters",
    "read_notebook": "notebook",
    "read_parameters": "parameters",
    "read_runs": "runs",
    "report_all": "reports",
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
