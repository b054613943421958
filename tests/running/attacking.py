"""Attacks that are cells of one run: what each printed, and which of them worked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nbformat.v4 import new_code_cell, new_notebook

from cxkit.running.isolation.contained import run_contained
from cxkit.running.sandbox.limits import Limits, Policy


def printed(policy: Policy, cells: Sequence[str], *, limits: Limits, **options: Any) -> list[str]:
    notebook = new_notebook(cells=[new_code_cell(source) for source in cells])
    run = run_contained(notebook, policy=policy, limits=limits, **options)
    assert run.ending == "completed", run.note
    return ["".join(output.get("text", "") for output in cell.outputs) for cell in run.notebook.cells]


def what_worked(policy: Policy, baits: str, attacks: Mapping[str, str], *, limits: Limits) -> set[str]:
    said = printed(policy, [baits, *attacks.values()], limits=limits)[1:]
    return {name for name, one in zip(attacks, said, strict=True) if "WORKED" in one}
