"""A queue of notebooks that survives whatever happens: each run finished once, recorded once, none stopping another."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

from cxkit.errors import CxkitError, NotebookError, Problems, counted, fault_of
from cxkit.files import refuse_address, sha256_of, write_atomically
from cxkit.running.jobs.journal import Journal
from cxkit.running.jobs.workers import Job, Outcome, check_workers, run_jobs
from cxkit.running.kernels.modules import modules_beside
from cxkit.running.notebooks import failure
from cxkit.running.plan import CELL_TIMEOUT, Plan, plan_run
from cxkit.running.provenance.fingerprint import fingerprint
from cxkit.running.provenance.inputs import named_inputs
from cxkit.running.provenance.places import without_places
from cxkit.running.queue.execution import Executed, HowToRun, execute
from cxkit.running.queue.runs import PlannedRun, read_runs
from cxkit.running.sandbox.limits import Limits, Policy
from cxkit.running.sandbox.protection import UNPROTECTED, find_protection, required_protection
from cxkit.running.untrusted import writable

if TYPE_CHECKING:
    from cxkit.running.jobs.progress import Teller

Format = Literal["html", "ipynb"]
State = Literal["completed", "failed", "fault"]
"""`failed`: by the notebook's own doing, final. `fault`: no kernel could be started; a resumed batch tries again."""

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
        Why it failed, or where a completed one ended itself; else empty.
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
        lines += [f"  {run.name}: {run.note}".replace("\n", "\n    ") for run in self.runs if run.note]
        return "\n".join([*lines, f"Protection: {self.protection}."])


def run_batch(
    runs: str | Path | Sequence[PlannedRun],
    *,
    output_folder: str | Path = "out/batch",
    jobs: int | None = None,
    policy: Policy | None = None,
    limits: Limits | None = None,
    accept_no_sandbox: bool = False,
    timeout: float = CELL_TIMEOUT,
    to: Format = "html",
    resume: bool = False,
    progress: bool = True,
    scheduler: str | None = None,
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
    policy : {"open", "contained"}, optional
        Contained: in the sandbox, for notebooks that somebody else wrote. They see the files that `inputs` and
        parameters name, read-only. A failing cell does not stop the next. By default what the runs file says, else
        open.
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
    scheduler : str, optional
        Address of a Dask scheduler whose workers run the notebooks, such as `"tcp://10.0.0.1:8786"`. Its workers see
        the files that `inputs` and parameters name. Results are those of a local run.

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
    planned = read_runs(runs) if isinstance(runs, (str, Path)) else list(runs)
    policy = _strictest(planned) if policy is None else policy
    check_workers(jobs)
    refuse_address(output_folder)
    folder = Path(output_folder)
    how, protection = _how(policy, limits, accept_no_sandbox, timeout, elsewhere=scheduler is not None)
    tasks = [_Task.planned(run, folder, to) for run in planned]
    if scheduler is not None or policy == "contained":
        _check_inputs(tasks, "runs that see only what they name")
    about = {"work": "batch", "policy": policy, "format": to}
    with Journal.open(folder / _JOURNAL, about=about, resume=resume) as journal:
        underway = _Underway.of(tasks, policy, journal, folder, shown=progress)
        try:
            underway.run(how, jobs, scheduler)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"Interrupted: {len(underway.done)} of {counted(len(tasks), 'run')} done. --resume goes on from here."
            ) from None
        finally:
            underway.teller.close()
            ended = tuple(underway.done[task.name] for task in tasks if task.name in underway.done)
            result = BatchResult(runs=ended, protection=protection, folder=folder)
            _write_results(result)
    return result


@dataclass(frozen=True)
class _Underway:
    """Where the end of each run is written down: on the disk, in what the batch returns, and before one's eyes."""

    tasks: Mapping[str, _Task]
    policy: Policy
    journal: Journal
    teller: Teller
    done: dict[str, RunRecord]

    @classmethod
    def of(cls, tasks: Sequence[_Task], policy: Policy, journal: Journal, folder: Path, *, shown: bool) -> _Underway:
        from cxkit.running.jobs.progress import Teller

        done = _still_valid(journal, tasks, folder)
        teller = Teller(len(tasks), kept=len(done), shown=shown)
        return cls({task.name: task for task in tasks}, policy, journal, teller, done)

    def run(self, how: HowToRun, jobs: int | None, scheduler: str | None) -> None:
        """Run what is not done yet: here, or on a cluster."""
        waiting = [task for name, task in self.tasks.items() if name not in self.done]
        if scheduler is None:
            here = [task.job(how) for task in waiting]
            run_jobs(here, workers=jobs, on_start=self.teller.started, on_end=self.ended)
            return
        from cxkit.running.queue.cluster import run_on_cluster

        sent = {task.name: (task.plan, task.inputs) for task in waiting}
        run_on_cluster(scheduler, sent, how, on_start=self.teller.started, on_end=self.ended)

    def ended(self, outcome: Outcome[Executed]) -> None:
        record = self.tasks[outcome.key].finished(outcome, self.policy)
        if record.state != "fault":  # a resumed batch tries these again
            self.journal.record(record.name, asdict(record))
        self.done[record.name] = record
        self.teller.ended(record.name, failed=record.state != "completed", note=record.note)


@dataclass(frozen=True)
class _Task:
    """One run of the list, checked.

    `mark` is the hash of everything that the result depends on, taken before anything runs: what changes while a
    notebook runs must not count as what it was run with.
    """

    run: PlannedRun
    plan: Plan
    mark: str
    modules: Mapping[str, Path]

    @classmethod
    def planned(cls, run: PlannedRun, folder: Path, to: Format) -> _Task:
        plan = plan_run(run.notebook, run.parameters, output=folder / f"{run.name}.{to}")
        presentation = {"title": run.title, "data": run.data}
        modules = modules_beside(plan.notebook)
        named = [*run.inputs, *map(str, modules.values())]
        parameters = {**plan.effective, "\0": {"inputs": named}}
        return cls(run, plan, fingerprint(plan.notebook_sha256, parameters, presentation, named), modules)

    @property
    def name(self) -> str:
        return self.run.name

    @property
    def inputs(self) -> dict[str, Path]:
        """The files that a run is shown where it does not see the current folder: those that are named.

        Modules beside the notebook that it imports are named by that; they lie where it works, as in Jupyter.
        """
        names = dict.fromkeys([*self.run.inputs, *sorted(set(named_inputs(self.plan.effective.values())))])
        return {**self.modules, **{name: Path(name) for name in names}}

    def job(self, how: HowToRun) -> Job[Executed]:
        return Job(self.name, lambda stop: execute(self.plan, self.inputs, how, stop), memory_bytes=how.memory_bytes)

    def finished(self, outcome: Outcome[Executed], policy: Policy) -> RunRecord:
        """Write what a run left, and say how it ended."""
        left = outcome.value
        if left is None:
            return RunRecord(name=self.name, state="fault", note=str(outcome.error), attempts=outcome.attempts)
        try:
            record = self._failed(left) if left.complaint else self._completed(left, policy)
        except CxkitError:
            raise  # the disk's fault, and everybody's
        except Exception as error:
            # The report is made from what a stranger's code showed: whatever that breaks, the next run goes on
            told = writable(f"its output cannot be written: {fault_of(error)}")
            record = RunRecord(name=self.name, state="failed", note=told)
        return replace(record, attempts=outcome.attempts, seconds=round(left.seconds, 3), fingerprint=self.mark)

    def _completed(self, left: Executed, policy: Policy) -> RunRecord:
        from cxkit.running.plan import Run
        from cxkit.running.run import find_session, write_run

        assert left.executed is not None
        assert self.plan.output is not None
        executed = without_places(left.executed, self.plan.effective)
        run = Run(
            notebook=self.plan.notebook,
            notebook_sha256=self.plan.notebook_sha256,
            parameters=self.plan.effective,
            given=tuple(self.plan.values),
            executed=executed,
            output=self.plan.output,
            seconds=left.seconds,
            session=find_session(executed),
            policy=policy,
        )
        write_run(run, self.plan, title=self.run.title, badge=self.run.data)
        output, note = self.plan.output, failure.describe_end(left.executed)
        return RunRecord(
            name=self.name, state="completed", output=output.name, output_sha256=sha256_of(output), note=note
        )

    def _failed(self, left: Executed) -> RunRecord:
        from cxkit.running.run import keep_partial

        partial = None if left.executed is None else keep_partial(self.plan, left.executed)
        if partial is None:
            return RunRecord(name=self.name, state="failed", note=left.complaint)
        return RunRecord(
            name=self.name,
            state="failed",
            output=partial.name,
            output_sha256=sha256_of(partial),
            note=left.complaint,
        )


def _strictest(planned: Sequence[PlannedRun]) -> Policy:
    return "contained" if any(run.policy == "contained" for run in planned) else "open"


def _check_inputs(tasks: Sequence[_Task], where: str) -> None:
    """Whether runs that do not see the current folder can be shown what they want to read."""
    problems = Problems(where)
    for task in tasks:
        for name, path in task.inputs.items():
            if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
                problems.add(f"{task.name}: '{name}' does not lie in the current folder or below it")
            elif not path.exists():
                problems.add(f"{task.name}: there is no file '{name}'")
    if problems:
        problems.raise_as(NotebookError)


def _how(
    policy: Policy, limits: Limits | None, accept_no_sandbox: bool, timeout: float, elsewhere: bool
) -> tuple[HowToRun, str]:
    """The way to run and the protection in words, or a refusal where there is no sandbox."""
    how = HowToRun(policy=policy, limits=limits or Limits(), timeout=timeout)
    if policy == "open":
        return how, "none asked for; the notebooks ran with your rights"
    if elsewhere:  # each worker finds out for itself, and refuses where it has none
        return replace(how, accept_no_sandbox=accept_no_sandbox), "what each worker has; a worker that has none refuses"
    found = find_protection()
    if found.mechanism is None and not accept_no_sandbox:
        required_protection()  # raises, with what was tried
    if found.mechanism is None:
        return replace(how, accept_no_sandbox=True), UNPROTECTED
    return how, found.text


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
