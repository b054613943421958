"""Runs small notebooks by papermill and by cxkit, and writes what differs into docs/batch.md.

    python tools/compare_with_papermill.py            # some minutes; exit 1 if a difference has no reason
    python tools/compare_with_papermill.py "exit()"   # these only; does not write the page

The notebooks are those of tests/running/public_cells.py and public_notebooks.py. What papermill makes of them is
recorded in tests/reference/papermill.json, against which the tests hold cxkit; papermill runs only those notebooks that
have changed since (all, if that file is removed).
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import nbformat  # noqa: E402

from cxkit.cli import main as cxkit  # noqa: E402
from cxkit.errors import NotebookError  # noqa: E402
from cxkit.running.plan import plan_run  # noqa: E402
from cxkit.running.queue.batch import run_batch  # noqa: E402
from cxkit.running.queue.runs import PlannedRun  # noqa: E402
from cxkit.running.sandbox.limits import Policy  # noqa: E402
from tests.running.building import code  # noqa: E402
from tests.running.public_cells import CELLS, SHOW  # noqa: E402
from tests.running.public_notebooks import FILES, NOTEBOOKS, REASONS, Small  # noqa: E402

RECORD = ROOT / "tests" / "reference" / "papermill.json"
PAGE = ROOT / "docs" / "batch.md"
BEGIN, END = "<!-- written by tools/compare_with_papermill.py: begin -->", "<!-- end -->"
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
# What differs between any two runs: addresses of objects, files of cells, names of widgets, places of the kernel.
_CHANCE = (
    (re.compile(r"0x[0-9a-f]{6,}"), "0x"),
    (re.compile(r"/tmp/ipykernel_\d+/\d+\.py"), "cell"),
    (re.compile(r"[0-9a-f]{32}"), "id"),
    (re.compile(r"/tmp/tmp\w+"), "/tmp"),
    (re.compile(r"\S*/site-packages/"), ""),
    (re.compile("\r\n"), "\n"),
)
_LONGEST = 300
WAYS = ("run", "batch", "contained")


@dataclass(frozen=True)
class End:
    """How a run came out: its exit status, and the outputs of each code cell without what differs by chance."""

    status: int
    outputs: list[list[Any]]

    def like(self, other: End) -> bool:
        """Whether both went well or both did not, with the same outputs."""
        return (self.status == 0) == (other.status == 0) and self.outputs == other.outputs


def cases() -> dict[str, Small]:
    """All notebooks by name; those of parameters cells with something overridden, where that can be."""
    of_cells = {
        f"parameters: {style}": Small((code(source, "parameters"), SHOW), given=given)
        for style, (source, given) in CELLS.items()
    }
    return NOTEBOOKS | of_cells


def outputs_of(path: Path) -> list[list[Any]]:
    """The outputs of each code cell of an executed notebook, in a form that two runs have in common."""
    if not path.is_file():
        return []
    notebook = nbformat.read(path, as_version=4)
    told = [[_told(output) for output in cell.outputs] for cell in notebook.cells if cell.cell_type == "code"]
    return told if any(told) else []


def _told(output: Mapping[str, Any]) -> list[Any]:
    if output["output_type"] == "stream":
        return [output["name"], _plain(output["text"])]
    if output["output_type"] == "error":
        return ["error", output["ename"], _plain(output["evalue"])]
    return [output["output_type"], {kind: _plain(data) for kind, data in sorted(output["data"].items())}]


def _plain(value: Any) -> str:
    text = _ANSI.sub("", value if isinstance(value, str) else json.dumps(value, sort_keys=True))
    for pattern, instead in _CHANCE:
        text = pattern.sub(instead, text)
    if len(text) <= _LONGEST:
        return text
    return f"{text[:60]}... {len(text):,} characters, {hashlib.sha256(text.encode(errors='replace')).hexdigest()[:16]}"


def by_papermill(folder: Path, name: str, small: Small, *, is_forked: bool) -> End:
    """The command papermill, in this process, since its import takes longer than a notebook.

    Its kernel is the usual one, or a forked one of the kernelspec cxkit, which is there sooner.
    """
    from click.testing import CliRunner
    from papermill.cli import papermill

    options = ["-y", json.dumps(small.given)] if small.given else []
    options += ["-k", "cxkit"] if is_forked else []
    output = folder / f"{name}.papermill.ipynb"
    done = CliRunner().invoke(papermill, [f"{name}.ipynb", str(output), "--no-progress-bar", *options])
    return End(done.exit_code, outputs_of(output))


def by_run(folder: Path, name: str, small: Small) -> End:
    """The command `cxkit run`."""
    options = []
    for key, value in small.given.items():
        options += ["-p", f"{key}={value if isinstance(value, str) else json.dumps(value)}"]
    output = folder / f"{name}.run.ipynb"
    status = cxkit(["run", f"{name}.ipynb", "-o", str(output), *options])
    return End(status, outputs_of(output if status == 0 else output.with_name(f"{name}.run.partial.ipynb")))


def by_batch(folder: Path, chosen: Mapping[str, Small], policy: Policy) -> dict[str, End]:
    """`cxkit batch` of all that it does not refuse; the exit status of each is what the state of its run says."""
    ends, planned = {}, []
    for name, small in chosen.items():
        run = PlannedRun(name=file_of(name), notebook=folder / f"{file_of(name)}.ipynb", parameters=small.given,
                         inputs=tuple(FILES))  # fmt: skip
        try:
            plan_run(run.notebook, run.parameters)
            planned.append(run)
        except NotebookError:
            ends[name] = End(1, [])
    target = folder / policy
    result = run_batch(planned, output_folder=target, policy=policy, to="ipynb")
    states = {run.name: run for run in result.runs}
    for name in chosen.keys() - ends.keys():
        record = states[file_of(name)]
        ends[name] = End(int(record.state != "completed"), outputs_of(target / record.output) if record.output else [])
    return ends


def file_of(name: str) -> str:
    """The name of a notebook as that of a file."""
    return "".join(letter if letter.isalnum() else f"-{ord(letter)}-" for letter in name)


def digest_of(small: Small) -> str:
    """What tells a notebook with its parameters from another."""
    return hashlib.sha256(json.dumps([small.node(), small.given], sort_keys=True).encode()).hexdigest()[:16]


def recorded(folder: Path, chosen: Mapping[str, Small]) -> dict[str, End]:
    """What papermill makes of each, from the record where the notebook is the same."""
    record = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.is_file() else {}
    for name, small in chosen.items():
        digest = digest_of(small)
        if record.get(name, [""])[0] != digest:
            end = by_papermill(folder, file_of(name), small, is_forked=name not in NOTEBOOKS)
            record[name] = [digest, end.status, end.outputs]
            print(f"papermill: {name}: {end.status}", flush=True)
            known = {one: record[one] for one in cases() if one in record}
            lines = [f" {json.dumps(one)}: {json.dumps(told)}" for one, told in known.items()]
            RECORD.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    return {name: End(*record[name][1:]) for name in chosen}


def compare(chosen: Mapping[str, Small]) -> dict[str, dict[str, End]]:
    """Each notebook by papermill and in each way of cxkit's."""
    with tempfile.TemporaryDirectory() as made, chdir(made):
        folder = Path(made)
        for file, text in FILES.items():
            (folder / file).write_text(text, encoding="utf-8")
        for name, small in chosen.items():
            nbformat.write(small.node(), folder / f"{file_of(name)}.ipynb")
        ways = {
            "papermill": recorded(folder, chosen),
            "run": {name: by_run(folder, file_of(name), small) for name, small in chosen.items()},
            "batch": by_batch(folder, chosen, "open"),
            "contained": by_batch(folder, chosen, "contained"),
        }
    return {name: {way: ends[name] for way, ends in ways.items()} for name in chosen}


def main(names: Sequence[str]) -> int:
    """Compare all or some, say what differs, and write the page if all were compared."""
    chosen = {name: small for name, small in cases().items() if not names or name in names}
    ends = compare(chosen)
    differing = {name: end for name, end in ends.items() if any(not end[way].like(end["papermill"]) for way in WAYS)}
    for name, end in differing.items():
        _say(name, end)
    unexplained = sorted(differing.keys() - REASONS.keys())
    needless = sorted(REASONS.keys() - differing.keys()) if not names else []
    if not names:
        _write(ends, differing)
    print(f"{len(ends)} compared, {len(differing)} differ; without a reason: {unexplained}; no longer: {needless}")
    return 1 if unexplained or needless else 0


def _say(name: str, ends: Mapping[str, End]) -> None:
    for way, end in ends.items():
        if way == "papermill" or not end.like(ends["papermill"]):
            print(f"{name}: {way} {end.status} {end.outputs}")


def _write(ends: Mapping[str, Mapping[str, End]], differing: Mapping[str, Mapping[str, End]]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{_table(ends, differing)}{END}{rest.split(END, 1)[1]}", encoding="utf-8")


def _table(ends: Mapping[str, Mapping[str, End]], differing: Mapping[str, Mapping[str, End]]) -> str:
    lines = [
        f"{len(NOTEBOOKS)} small notebooks and {len(CELLS)} parameters cells, most with something overridden: "
        f"{len(ends) - len(differing)} of {len(ends)} have the same outputs",
        "and the same end by papermill, `cxkit run`, `cxkit batch` and `cxkit batch --policy contained`. "
        "The others, with the exit status of each:",
        "",
        "| notebook | papermill | run | batch | contained | why |",
        "|---|---|---|---|---|---|",
    ]
    for name, end in differing.items():
        told = [f"{end[way].status}{_mark(end[way], end['papermill'])}" for way in WAYS]
        lines.append(f"| {name} | {end['papermill'].status} | {' | '.join(told)} | {REASONS.get(name, '')} |")
    return "\n".join([*lines, "", "`*`: other outputs than papermill's.", ""])


def _mark(end: End, first: End) -> str:
    return "" if end.outputs == first.outputs else " *"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
