"""Small notebooks made for one test each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from tests.running.building import PARAMETERS, code, notebook_of


@pytest.fixture
def write_notebook(tmp_path: Path) -> Callable[..., Path]:
    """Write a notebook of the given cells; a text is a code cell. It starts with a parameters cell."""

    def write(
        *cells: str | nbformat.NotebookNode, to: str = "lesson.ipynb", parameters: str | None = PARAMETERS
    ) -> Path:
        first = [] if parameters is None else [code(parameters, "parameters")]
        nbformat.write(notebook_of(*first, *cells), tmp_path / to)
        return Path(to)

    return write


@pytest.fixture(autouse=True)
def _in_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative paths, and the kernels' working folder, are the test's own."""
    monkeypatch.chdir(tmp_path)
