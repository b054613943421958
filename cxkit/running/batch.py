"""A queue of notebooks that survives whatever happens: each run finished once, recorded once, none stopping another."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

from cxkit.errors import NotebookError, Problems, counted
from cxkit.running.files import sha256_of, write_atomically
from cxkit.running.fingerprint import fingerprint, named_files
from cxkit.running.journal import Journal
from cxkit.running.plan import CELL_TIMEOUT, Plan, plan_run
from cxkit.running.runs import PlannedRun, read_runs
from cxkit.running.sandbox.limits import Limits, Policy
from cxkit.running.sandbox.protection import UNPROTECTED, find_protection, required_protection
from cxkit.running.workers import Job, Outcome, Stopped, check_workers, run_jobs

if TYPE_CHECKING:
    from cxkit.running.contained import Contained
    from cxkit.running.plan import Run

Format = Literal["html", "ipynb"]
State = Literal["completed", "failed", "fault"]
"""`failed`: by the notebook's own doing, final. `fault`: no kernel was to be had; a resumed batch tries again."""

OPEN_MEMORY = 1 << 30
"""What an open run is taken to need, when it is decided whether memory holds one more."""
_JOURNAL, _RESULTS = "journal", "results.json"


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """How one run ended.

    Attributes
    ----------
    name : str
        The run's name in the list.
    state : {"completed", "failed", "fault"}
        See `State`.
    output : str
        File name of the report or notebook within the results' folder; for a failed run the unfinished notebook, and
        empty if there is none.
    output_sha256 : str
        Its hash.
    seconds : float
        Wall time.
    note : str
        Why it failed; empty for a completed run.
    attempts : int
        How often it was tried.
    fingerprint : str
        Hash of everything that the result depends on.
    """

    name: str
    state: State
    output: str = ""
    output_sha256: str = ""
    seconds: float = 0.0
    note: str = ""
    attempts: int = 1
    fingerprint: str = ""


@dataclass(frozen=True, kw_only=True)
class BatchResult:
    """All runs of a batch.

    Attributes
    ----------
    runs : tuple of RunRecord
        In the order of the list.
    protection : str
        What kept the notebooks away from everything else, in plain words.
    folder : Path
        Where the results are.
    """

    runs: tuple[RunRecord, ...]
    protection: str
    folder: Path

    @property
    def text(self) -> str:
        """The batch in a few lines: how many of each state, which ones failed and why, and the protection."""
        counts = {state: sum(run.state == state for run in self.runs) for state in ("completed", "failed", "fault")}
        lines = [
            f"{counts['completed']} of {counted(len(self.runs), 'run')} completed, {counts['failed']} failed"
            + (f", {counts['fault']} could not be run (resume to try again)" if counts["fault"] else "")
            + f". Results: {self.folder / _RESULTS}."
        ]
        lines += [f"  {run.name}: {run.note}".replace("\n", "\n    ") for run in self.runs if run.state != "completed"]
        return "\n".join([*lines, f"Protection: {self.protection}."])


def run_batch(
    runs: str | Path | Sequence[PlannedRun],
    *,
    output_folder: str | Path = "out/batch",
    jobs: int | None = None,
    policy: Policy = "open",
    limits: Limits | None = None,
    accept_no_sandbox: bool = False,
    timeout: float = CELL_TIMEOUT,
    to: Format = "html",
    resume: bool = False,
    progress: bool = True,
) -> BatchResult:
    """Run every notebook of a list, whatever happens in between.

    Every finished run is in a journal on the disk before the next one is counted. After an interrupt, a kill or a
    power cut, the same call with `resume=True` goes on: finished runs whose inputs and outputs are unchanged are kept,
    all others are run.

    Parameters
    ----------
    runs : str, Path or sequence of PlannedRun
        A runs file (see `read_runs`), or what it would hold.
    output_folder : str or Path
        Where reports, the journal and `results.json` go.
    jobs : int, optional
        Notebooks at a time; by default one a core, and never more than memory holds.
    policy : {"open", "contained"}
        Contained: in the sandbox, for notebooks that somebody else wrote. They see the files that `inputs` and
        parameters name, read-only. A failing cell does not stop the next.
    limits : Limits, optional
        Of each contained run. Its `cell_seconds` counts, and not `timeout`.
    accept_no_sandbox : bool
        Where this machine offers no sandbox, contained runs are refused unless this is true.
    timeout : float
        Seconds that a cell of an open run may take.
    to : {"html", "ipynb"}
        Reports, or executed notebooks.
    resume : bool
        Whether to go on with a batch that was begun in `output_folder`.
    progress : bool
        Whether to show a bar on a terminal, else a line for each run, on standard error.

    Returns
    -------
    BatchResult

    Raises
    ------
    NotebookError
        Before anything runs: the list has problems, the folder holds another batch or one that is not resumed, or
        there is no sandbox.
    KeyboardInterrupt
        After Ctrl-C, once all kernels are gone; `resume=True` goes on from there.
    """
    from cxkit.running.progress import Teller

    planned = read_runs(runs) if isinstance(runs, (str, Path)) else list(runs)
    check_workers(jobs)
    folder = Path(output_folder)
    runner = _runner(policy, limits, accept_no_sandbox, timeout)
    tasks = [_Task(run, plan_run(run.notebook, run.parameters, output=folder / f"{run.name}.{to}")) for run in planned]
    runner.check(tasks)
    about = {"work": "batch", "policy": runner.policy, "format": to}
    with Journal.open(folder / _JOURNAL, about=about, resume=resume) as journal:
        done = _still_valid(journal, tasks, folder)
        waiting = [task for task in tasks if task.name not in done]
        teller = Teller(len(tasks), kept=len(done), shown=progress)

        def ended(outcome: Outcome[RunRecord]) -> None:
            record = _record_of(outcome)
            if record.state != "fault":
                journal.record(record.name, asdict(record))
            done[record.name] = record
            teller.ended(record.name, failed=record.state != "completed", note=record.note)

        try:
            run_jobs([task.job(runner) for task in waiting], workers=jobs, on_start=teller.started, on_end=ended)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"Interrupted: {len(done)} of {counted(len(tasks), 'run')} done. --resume goes on from here."
            ) from None
        finally:
            teller.close()
            result = BatchResult(
                runs=tuple(done[task.name] for task in tasks if task.name in done),
                protection=runner.protection,
                folder=folder,
            )
            _write_results(result)
    return result


@dataclass(frozen=True)
class _Task:
    """One run of the list, checked."""

    run: PlannedRun
    plan: Plan

    @property
    def name(self) -> str:
        return self.run.name

    @property
    def inputs(self) -> dict[str, Path]:
        """The files that a contained run is shown: those named, and those that parameters name."""
        names = dict.fromkeys([*self.run.inputs, *sorted(set(named_files(self.plan.effective.values())))])
        return {name: Path(name) for name in names}

    @property
    def mark(self) -> str:
        """The hash of everything that the result depends on."""
        files = {"inputs": list(self.run.inputs)}
        shown = {"title": self.run.title, "data": self.run.data}
        return fingerprint(self.plan.notebook_sha256, {**self.plan.effective, "\0": files}, shown)

    def job(self, runner: _Runner) -> Job[RunRecord]:
        return Job(self.name, lambda stop: runner.run(self, stop), memory_bytes=runner.memory_bytes)


@dataclass(frozen=True)
class _Runner:
    """How the notebooks of a batch are run."""

    policy: Policy
    limits: Limits
    timeout: float
    accepted: bool
    protection: str

    @property
    def memory_bytes(self) -> int:
        return self.limits.memory_bytes if self.policy == "contained" else OPEN_MEMORY

    def check(self, tasks: Sequence[_Task]) -> None:
        """Whether the sandbox can show what the runs want to read."""
        if self.policy == "open":
            return
        problems = Problems("contained runs")
        for task in tasks:
            for name, path in task.inputs.items():
                if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
                    problems.add(f"{task.name}: '{name}' does not lie in the current folder or below it")
                elif not path.exists():
                    problems.add(f"{task.name}: there is no file '{name}'")
        if problems:
            problems.raise_as(NotebookError)

    def run(self, task: _Task, stop: threading.Event) -> RunRecord:
        started = self._run_contained if self.policy == "contained" else self._run_open
        return replace(started(task, stop), fingerprint=task.mark)

    def _run_open(self, task: _Task, stop: threading.Event) -> RunRecord:
        from cxkit.running.run import Execution

        execution = Execution(task.plan, timeout=self.timeout)
        execution.start()
        while not execution.wait(0.1):
            if stop.is_set():
                execution.stop()
                raise Stopped(execution.interrupted_message())
        try:
            run = execution.finish(title=task.run.title, badge=task.run.data)
        except NotebookError as error:
            return _failed(task, str(error), execution.seconds)
        return _completed(task, run)

    def _run_contained(self, task: _Task, stop: threading.Event) -> RunRecord:
        from cxkit.running.contained import run_contained
        from cxkit.running.plan import Run
        from cxkit.running.run import find_session, keep_partial, parameterised, without_clock, write_run

        policy: Policy = "open" if self.accepted else "contained"
        left = run_contained(parameterised(task.plan), policy=policy, limits=self.limits, inputs=task.inputs, stop=stop)
        executed = without_clock(left.notebook)
        complaint = _complaint(left)
        if complaint:
            keep_partial(task.plan, executed)
            return _failed(task, complaint, left.seconds)
        run = Run(
            notebook=task.plan.notebook,
            notebook_sha256=task.plan.notebook_sha256,
            parameters=task.plan.effective,
            given=tuple(task.plan.values),
            executed=executed,
            output=task.plan.output,
            seconds=left.seconds,
            session=find_session(executed),
            policy=policy,
        )
        write_run(run, task.plan, title=task.run.title, badge=task.run.data)
        return _completed(task, run)


def _runner(policy: Policy, limits: Limits | None, accept_no_sandbox: bool, timeout: float) -> _Runner:
    """The way to run, or a refusal where there is no sandbox."""
    if policy == "open":
        return _Runner(policy, limits or Limits(), timeout, False, "none asked for; the notebooks ran with your rights")
    found = find_protection()
    if found.mechanism is None and not accept_no_sandbox:
        required_protection()  # raises, with what was tried
    accepted = found.mechanism is None
    return _Runner(policy, limits or Limits(), timeout, accepted, UNPROTECTED if accepted else found.text)


def _complaint(left: Contained) -> str:
    """Why a contained run counts as failed; empty if every cell ran through."""
    from cxkit.running import failure

    if left.ending != "completed":
        return left.note
    for index, cell in enumerate(left.notebook.cells):
        if cell.cell_type != "code":
            continue
        if index in left.cuts:
            reason = {"time": "took too long and was interrupted", "output": "printed too much and was cut"}
            return f"{failure.place_of(left.notebook, index)} {reason[left.cuts[index]]}"
        if any(output.output_type == "error" for output in cell.outputs):
            return failure.describe_exception(left.notebook, index)
    return ""


def _completed(task: _Task, run: Run) -> RunRecord:
    assert run.output is not None
    return RunRecord(
        name=task.name,
        state="completed",
        output=run.output.name,
        output_sha256=sha256_of(run.output),
        seconds=round(run.seconds, 3),
    )


def _failed(task: _Task, note: str, seconds: float) -> RunRecord:
    partial = task.plan.partial
    kept = partial is not None and partial.exists()
    return RunRecord(
        name=task.name,
        state="failed",
        output=partial.name if kept and partial is not None else "",
        output_sha256=sha256_of(partial) if kept and partial is not None else "",
        seconds=round(seconds, 3),
        note=note,
    )


def _record_of(outcome: Outcome[RunRecord]) -> RunRecord:
    if outcome.value is not None:
        return replace(outcome.value, attempts=outcome.attempts)
    return RunRecord(name=outcome.key, state="fault", note=str(outcome.error), attempts=outcome.attempts)


def _still_valid(journal: Journal, tasks: Sequence[_Task], folder: Path) -> dict[str, RunRecord]:
    """The finished runs of the journal whose inputs and outputs are what they were."""
    valid = {}
    for task in tasks:
        data = journal.finished.get(task.name)
        if data is None:
            continue
        record = RunRecord(**data)
        output = folder / record.output
        unchanged = not record.output or (output.is_file() and sha256_of(output) == record.output_sha256)
        if unchanged and record.fingerprint == task.mark:
            valid[task.name] = record
    return valid


def _write_results(result: BatchResult) -> None:
    """All records in the order of the list, for whatever reads them next."""
    content = {"protection": result.protection, "runs": [asdict(run) for run in result.runs]}
    write_atomically(result.folder / _RESULTS, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
