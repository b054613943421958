"""All reports of a project, run side by side, each kept for as long as nothing changes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from cxkit.errors import NotebookError, Problems, nearest
from cxkit.files import refuse_address, sha256_of, write_atomically
from cxkit.running.jobs.progress import Speaker
from cxkit.running.pages.report import data_facts, index_html, is_synthetic, report_title
from cxkit.running.plan import CELL_TIMEOUT, Plan, Run, plan_run
from cxkit.running.provenance.crate import crate_of
from cxkit.running.provenance.fingerprint import fingerprint
from cxkit.running.provenance.reading import MANIFEST
from cxkit.running.queue.runs import PlannedRun, read_runs

if TYPE_CHECKING:
    from cxkit.running.run import Execution

_RECORD_VERSION = 1
_MOST_WORKERS = 64


def report_all(
    runs: str | Path | Sequence[PlannedRun],
    *,
    output_folder: str | Path = "out/reports",
    only: Iterable[str] | None = None,
    workers: int | None = None,
    fresh: bool = False,
    progress: bool = True,
    timeout: float = CELL_TIMEOUT,
    show_code: bool = False,
) -> list[Run]:
    """Make every report of a runs file, and an index page that links them.

    A run is skipped if nothing that its report depends on has changed since: notebook, parameters, files that the
    parameters name, cxkit and its data sets, Python and library versions. A failing run does not stop the others.

    Parameters
    ----------
    runs : str, Path or sequence of PlannedRun
        The runs file, or what `read_runs` returned.
    output_folder : str or Path
        Where reports and index go.
    only : iterable of str, optional
        Names of the runs to make; the index still lists the others as far as they are there.
    workers : int, optional
        How many notebooks run at a time; by default one a core, two at most.
    fresh : bool
        Run all, even if nothing has changed.
    progress : bool
        Whether to show what happens on standard error: a bar on a terminal, else a line for each run.
    timeout : float
        Seconds that one cell may take.
    show_code : bool
        Whether reports show code unfolded.

    Returns
    -------
    list of Run
        One a run, in the order of the file.

    Raises
    ------
    NotebookError
        Before anything runs, if the file has problems or wants its notebooks contained. After all have run, if some
        failed: which, why, and where their unfinished notebooks are. The index is written in either case.
    KeyboardInterrupt
        After Ctrl-C, once all kernels are gone; finished reports stay, and the next call goes on from there.
    """
    planned = read_runs(runs) if isinstance(runs, (str, Path)) else list(runs)
    if any(run.policy == "contained" for run in planned):
        which = runs if isinstance(runs, (str, Path)) else "the list"
        raise NotebookError(
            f"{which} wants its notebooks contained, and reports are run with your rights. Nothing was run: use "
            "`cxkit batch`, or take the line policy out if you trust the notebooks."
        )
    refuse_address(output_folder)
    chosen = _choose(planned, only)
    if workers is not None and not 1 <= workers <= _MOST_WORKERS:
        raise NotebookError(f"workers is {workers}; it must lie between 1 and {_MOST_WORKERS}.")
    batch = _Batch(planned, Path(output_folder), show_code=show_code, fresh=fresh, timeout=timeout)
    batch.keep_unchanged(chosen)
    try:
        batch.run(workers or min(os.cpu_count() or 1, 2), progress=progress)
    finally:
        batch.write_index()
    batch.raise_failures()
    return [batch.done[run.name] for run in chosen]


def _choose(planned: Sequence[PlannedRun], only: Iterable[str] | None) -> list[PlannedRun]:
    if only is None:
        return list(planned)
    wanted, names = list(only), [run.name for run in planned]
    problems = Problems("--only")
    for name in wanted:
        if name not in names:
            problems.add(f"there is no run '{name}'.{nearest(name, names)}")
    if problems:
        problems.raise_as(NotebookError)
    return [run for run in planned if run.name in wanted]


class _Batch:
    """What is done, what failed, and what is still to run."""

    def __init__(
        self, planned: Sequence[PlannedRun], folder: Path, *, show_code: bool, fresh: bool, timeout: float
    ) -> None:
        self.planned, self.folder = planned, folder
        self.show_code, self.fresh, self.timeout = show_code, fresh, timeout
        self.done: dict[str, Run] = {}
        self.failures: dict[str, str] = {}
        self.titles: dict[str, str] = {}
        self.waiting: list[tuple[PlannedRun, Plan, str]] = []

    def keep_unchanged(self, chosen: Sequence[PlannedRun]) -> None:
        """Sort the chosen runs into those whose report still holds and those that must run."""
        for run in chosen:
            plan = plan_run(run.notebook, run.parameters, output=self.folder / f"{run.name}.html")
            mark = self.fingerprint(run, plan)
            kept = None if self.fresh else self.recorded(run, plan, mark)
            if kept is not None:
                self.done[run.name] = kept
            else:
                self.waiting.append((run, plan, mark))

    def fingerprint(self, run: PlannedRun, plan: Plan) -> str:
        shown = {"title": run.title, "data": run.data, "show_code": self.show_code}
        return fingerprint(plan.notebook_sha256, plan.effective, shown)

    def recorded(self, run: PlannedRun, plan: Plan, mark: str | None) -> Run | None:
        """The run as the record beside its report tells it, if the report is the one that the record speaks of.

        With `mark` None an outdated report will do.
        """
        report, record = self.folder / f"{run.name}.html", self.record_path(run)
        try:
            told = json.loads(record.read_text(encoding="utf-8"))
            same = told["version"] == _RECORD_VERSION and told["report_sha256"] == sha256_of(report)
            same = same and (crate_of(report) / MANIFEST).is_file()
            session = told["session"]
            self.titles[run.name] = str(told["title"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if not same or (mark is not None and told.get("fingerprint") != mark):
            return None
        return Run(
            notebook=plan.notebook,
            notebook_sha256=plan.notebook_sha256,
            parameters=plan.effective,
            given=tuple(plan.values),
            output=report,
            session=session,
            kept=True,
        )

    def record_path(self, run: PlannedRun) -> Path:
        return self.folder / f"{run.name}.json"

    def run(self, workers: int, *, progress: bool) -> None:
        """Run what is waiting, `workers` at a time, in the order of the file."""
        teller = _Teller(self, progress)
        if not self.waiting:
            return
        # papermill's import takes seconds, and a batch that keeps every report needs none of it
        from cxkit.running.run import Execution

        queue = list(self.waiting)
        active: list[tuple[PlannedRun, str, Execution]] = []
        try:
            while queue or active:
                while queue and len(active) < workers:
                    run, plan, mark = queue.pop(0)
                    execution = Execution(plan, timeout=self.timeout, on_cell=teller.cell)
                    active.append((run, mark, execution))
                    execution.start()
                    teller.show(active)
                finished = _next_finished(active)
                active.remove(finished)
                self.finish(*finished)
                teller.finished(finished[0], active)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(self.interrupted(active)) from None
        finally:
            teller.close()

    def finish(self, run: PlannedRun, mark: str, execution: Execution) -> None:
        try:
            result = execution.finish(show_code=self.show_code, title=run.title, badge=run.data)
        except NotebookError as error:
            self.failures[run.name] = str(error)
            return
        self.done[run.name] = result
        self.write_record(run, mark, result)

    def write_record(self, run: PlannedRun, mark: str, result: Run) -> None:
        assert result.output is not None
        self.titles[run.name] = report_title(result, run.title)
        record = {
            "version": _RECORD_VERSION,
            "fingerprint": mark,
            "report_sha256": sha256_of(result.output),
            "notebook": run.notebook.name,
            "notebook_sha256": result.notebook_sha256,
            "title": self.titles[run.name],
            "parameters": dict(result.parameters),
            "session": result.session,
        }
        write_atomically(self.record_path(run), json.dumps(record, indent=1, ensure_ascii=False) + "\n")

    def interrupted(self, active: Sequence[tuple[PlannedRun, str, Execution]]) -> str:
        """Stop every kernel and say what is done."""
        for _, _, execution in active:
            execution.stopped.set()
            execution.kill_kernel()
        lines = []
        for run, _, execution in active:
            execution.stop()
            with suppress(NotebookError):
                lines.append(f"  {run.name}: {execution.interrupted_message()}")
        finished = ", ".join(self.done) or "none"
        head = f"Interrupted. Finished reports: {finished}. The same command goes on from here."
        return "\n".join([head, *lines])

    def raise_failures(self) -> None:
        if not self.failures:
            return
        total = len(self.failures) + len(self.done)
        lines = [f"{len(self.failures)} of {total} reports failed; the others are in {self.folder}."]
        lines += [f"  {name}: {text}".replace("\n", "\n    ") for name, text in self.failures.items()]
        raise NotebookError("\n".join(lines))

    def write_index(self) -> Path:
        """The page that links the reports: those just made, those kept, older ones of runs not chosen, and failures."""
        entries = [entry for run in self.planned if (entry := self.entry(run)) is not None]
        return write_atomically(self.folder / "index.html", index_html("Reports", entries))

    def entry(self, run: PlannedRun) -> dict[str, Any] | None:
        failure = self.failures.get(run.name)
        result = self.done.get(run.name)
        if result is None and failure is None:
            result = self.recorded(run, plan_run(run.notebook, run.parameters), None)
            if result is None:
                return None
        session = (result.session if result is not None else None) or {}
        return {
            "title": run.title or self.titles.get(run.name) or run.name,
            "link": f"{run.name}.html",
            "badge": "synthetic" if is_synthetic(session) else run.data,
            "facts": [run.notebook.name, *(fact.value for fact in data_facts(session))],
            "summary": str(session.get("summary") or ""),
            "failure": failure,
        }


def _next_finished(active: Sequence[tuple[PlannedRun, str, Execution]]) -> tuple[PlannedRun, str, Execution]:
    """Wait for the first of the active runs to end; Ctrl-C gets through."""
    while True:
        for one in active:
            if one[2].wait(0.05):
                return one


class _Teller(Speaker):
    """Says on standard error how the batch goes: one bar over all cells on a terminal, else a line for each run."""

    def __init__(self, batch: _Batch, wanted: bool) -> None:
        super().__init__(wanted)
        self.batch = batch
        if not wanted:
            return
        for name, run in batch.done.items():
            self.say(f"{name}: kept, nothing changed since ({run.output})")
        if batch.waiting and sys.stderr.isatty():
            cells = sum(plan.code_cells for _, plan, _ in batch.waiting)
            self.bar = tqdm(total=cells, unit="cell", leave=False, dynamic_ncols=True)

    def cell(self) -> None:
        if self.bar is not None:
            self.bar.update()

    def show(self, active: Sequence[tuple[PlannedRun, str, Execution]]) -> None:
        if self.bar is not None:
            self.bar.set_description(", ".join(run.name for run, _, _ in active) or "finishing")

    def finished(self, run: PlannedRun, active: Sequence[tuple[PlannedRun, str, Execution]]) -> None:
        self.show(active)
        if run.name in self.batch.failures:
            self.say(f"{run.name}: FAILED")
        else:
            result = self.batch.done[run.name]
            self.say(f"{run.name}: {result.output} ({result.seconds:.0f} s)")
