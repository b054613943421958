"""Run the notebooks and store the outputs of their golden cells, those tagged `nbval-check-output`.

    python tools/record_golden_numbers.py [notebooks/01_validate_instrument.ipynb ...]

Do this after a deliberate change of a number, and say so in CHANGELOG.md under "Numbers that changed".
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import nbformat

from cxkit.running import run_notebook, tidy_file

GOLDEN = "nbval-check-output"


def record(path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        executed = run_notebook(path, output=Path(folder) / "run.ipynb").output
        outputs = {cell["id"]: cell for cell in nbformat.read(executed, as_version=4).cells}
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if GOLDEN in cell.metadata.get("tags", []):
            cell.outputs = outputs[cell["id"]].outputs
    nbformat.write(notebook, path)
    tidy_file(path)


def main() -> None:
    for path in [Path(name) for name in sys.argv[1:]] or sorted(Path("notebooks").glob("*.ipynb")):
        record(path)
        print(f"recorded the golden cells of {path}")


if __name__ == "__main__":
    main()
