"""From a notebook to a report: parameters, kernels, runs, reports. Knows nothing of surveys or statistics.

The names below are loaded on first use, so that looking at a notebook's parameters does not wait for papermill.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cxkit.late_grammars import load_grammars_late

if TYPE_CHECKING:
    from cxkit.running.notebooks.notebook import find_notebook, read_notebook
    from cxkit.running.notebooks.parameters import Parameter, check_parameters, parse_parameters, read_parameters
    from cxkit.running.notebooks.tidy import tidy_file
    from cxkit.running.pages.report import write_report
    from cxkit.running.plan import Run
    from cxkit.running.queue.reports import report_all
    from cxkit.running.queue.runs import PlannedRun, read_runs
    from cxkit.running.run import run_notebook

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
    "Parameter": "notebooks.parameters",
    "PlannedRun": "queue.runs",
    "Run": "plan",
    "check_parameters": "notebooks.parameters",
    "find_notebook": "notebooks.notebook",
    "parse_parameters": "notebooks.parameters",
    "read_notebook": "notebooks.notebook",
    "read_parameters": "notebooks.parameters",
    "read_runs": "queue.runs",
    "report_all": "queue.reports",
    "run_notebook": "run",
    "tidy_file": "notebooks.tidy",
    "write_report": "pages.report",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'cxkit.running' has no attribute {name!r}")
    return getattr(import_module(f"cxkit.running.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
