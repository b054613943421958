"""What is to run, checked before a kernel starts, and what has run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxkit.errors import NotebookError
from cxkit.files import refuse_address, sha256_of
from cxkit.running.notebooks.notebook import parameters_cell, read_notebook, refuse_other_language
from cxkit.running.notebooks.parameters import Parameter, check_parameters, read_parameters
from cxkit.running.pages.pdf import find_printer
from cxkit.running.sandbox.limits import Policy

if TYPE_CHECKING:
    from nbformat import NotebookNode

CELL_TIMEOUT = 600.0
"""Seconds that one cell may take unless the caller says otherwise."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """A notebook that has run through.

    Attributes
    ----------
    notebook : Path
        The source.
    notebook_sha256 : str
        The hash of the source file.
    parameters : dict
        Every parameter of the notebook with the value it ran with; defaults included.
    given : tuple of str
        The names that the caller set.
    executed : NotebookNode or None
        The notebook with its outputs; None for a run that was kept from before.
    output : Path or None
        The report or notebook written.
    seconds : float
        Wall time from start to output; 0 for a run kept from before.
    session : dict or None
        What the notebook's last cell says of itself: versions, seed, data.
    kept : bool
        Whether nothing had changed and the older report was kept.
    policy : {"open", "contained"}
        Whether it ran with the caller's rights or in the sandbox.
    surroundings : dict or None
        What the kernel loaded and computed with, where it was asked: for a report, whose crate records it.
    told : dict
        Words that stand in report and crate for paths among the parameters, where they are not made from these.
    modules_in : Path or None
        The folder whose modules the notebook may import, where it is not its own.
    """

    notebook: Path
    notebook_sha256: str
    parameters: Mapping[str, Any]
    given: tuple[str, ...] = ()
    executed: NotebookNode | None = None
    output: Path | None = None
    seconds: float = 0.0
    session: Mapping[str, Any] | None = None
    kept: bool = False
    policy: Policy = "open"
    surroundings: Mapping[str, Any] | None = None
    told: Mapping[str, str] = field(default_factory=dict)
    modules_in: Path | None = None

    def __repr__(self) -> str:
        return f"Run({self.notebook.name} -> {self.output}, {'kept' if self.kept else f'{self.seconds:.1f} s'})"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A run that has been checked and may start.

    `copies` are further outputs of the same run, `told` and `modules_in` as of `Run`.
    """

    notebook: Path
    notebook_sha256: str
    values: Mapping[str, Any]
    parameters: tuple[Parameter, ...]
    output: Path | None = None
    code_cells: int = 0
    copies: tuple[Path, ...] = ()
    told: Mapping[str, str] = field(default_factory=dict)
    modules_in: Path | None = None

    @property
    def effective(self) -> dict[str, Any]:
        """Every parameter with the value it will have, defaults included."""
        return {p.name: self.values.get(p.name, p.default) for p in self.parameters}

    @property
    def partial(self) -> Path | None:
        """Where an unfinished notebook is kept."""
        return None if self.output is None else self.output.with_name(f"{self.output.stem}.partial.ipynb")


def plan_run(
    notebook: str | Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    output: str | Path | Sequence[str | Path] | None = None,
) -> Plan:
    """Can this notebook run with these parameters? Everything that can be wrong before a kernel starts is told here.

    Raises
    ------
    NotebookError
        If the notebook cannot be read, is in another language, has no such parameters, an output is no file of this
        machine or neither .html, .pdf nor .ipynb, or nothing here prints PDF.
    """
    path = Path(notebook)
    targets = [Path(one) for one in ([] if output is None else [output] if isinstance(output, (str, Path)) else output)]
    for target in targets:
        refuse_address(target)
        if target.suffix not in {".html", ".pdf", ".ipynb"}:
            raise NotebookError(f"A run is written as .html, .pdf or .ipynb, not as '{target.name}'.")
    content = read_notebook(path)
    refuse_other_language(content, path.name)
    for target in targets:
        if target.resolve() == path.resolve():
            raise NotebookError(f"{path} would be overwritten by its own run. Name another output.")
    if any(target.suffix == ".pdf" for target in targets):
        find_printer()
    known: tuple[Parameter, ...] = ()
    if parameters or parameters_cell(content) is not None:
        known = read_parameters(content, where=path.name)
    return Plan(
        notebook=path,
        notebook_sha256=sha256_of(path),
        values=check_parameters(parameters or {}, known, where=path.name),
        parameters=known,
        output=targets[0] if targets else None,
        copies=tuple(targets[1:]),
        code_cells=sum(cell.get("cell_type") == "code" for cell in content["cells"]),
    )
