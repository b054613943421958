"""A batch on machines that a Dask scheduler knows of: the same runs, with workers that may come and go.

Only imported when a scheduler is named; needs the package distributed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxkit.errors import NotebookError, Problems, counted, fault_of, install_command
from cxkit.files import sha256_of
from cxkit.running.jobs.workers import RETRIES, Outcome
from cxkit.running.plan import Plan
from cxkit.running.provenance.manifest import versions
from cxkit.running.queue.execution import Executed, HowToRun, execute
from cxkit.running.temporary import own_folder

if TYPE_CHECKING:
    from distributed import Client

_CONNECT_SECONDS = 30.0
_LOOK = 0.5
_AWAY_SECONDS = 300.0
"""How long a batch waits for a worker when there is none."""
_NUMERIC = ("python", "cxkit", "numpy", "scipy", "pandas", "matplotlib", "seaborn", "factor-analyzer", "scikit-learn")
"""Packages whose version must be the same on every worker, or results would depend on where they were made."""

Sent = Mapping[str, tuple[Plan, Mapping[str, Path]]]


def run_on_cluster(
    address: str,
    sent: Sent,
    how: HowToRun,
    *,
    on_start: Callable[[str], object] = lambda key: None,
    on_end: Callable[[Outcome[Executed]], object] = lambda outcome: None,
) -> None:
    """Run notebooks on the workers of a scheduler.

    Parameters
    ----------
    address : str
        Of the scheduler.
    sent : mapping
        From a run's name to its plan and the files that it may read; contents travel along.
    how : HowToRun
    on_start, on_end : callable
        Called here, one at a time.

    Raises
    ------
    NotebookError
        If the scheduler cannot be reached, has no worker, or has workers that lack a package or have another version
        of one: which, by name.
    KeyboardInterrupt
        After Ctrl-C, once what is still waiting has been taken back.
    """
    client = _connected(address)
    try:
        check_workers(client)
        _run(client, sent, how, on_start, on_end)
    finally:
        client.close()


def _connected(address: str) -> Client:
    try:
        from distributed import Client
    except ImportError:
        raise NotebookError(f"A scheduler needs the package distributed: {install_command('distributed')}") from None
    try:
        return Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise NotebookError(f"There is no Dask scheduler at {address}: {error}.") from None


def check_workers(client: Client) -> None:
    """Whether every worker has what this machine has.

    Raises
    ------
    NotebookError
        Naming each worker and what it lacks.
    """
    here = versions()
    found = client.run(versions, on_error="return")
    if not found:
        raise NotebookError("The scheduler has no workers yet. Start some, and call this again.")
    problems = Problems("workers of the scheduler")
    for worker, there in sorted(found.items()):
        if isinstance(there, BaseException):
            missing = there.name if isinstance(there, ModuleNotFoundError) else ""
            said = f"lacks {missing}" if missing else f"cannot load cxkit ({fault_of(there)})"
            problems.add(f"{worker} {said}", remedy="Install the same environment there (constraints.txt).")
            continue
        lacking = [name for name in here if name not in there]
        if lacking:
            problems.add(f"{worker} lacks {', '.join(lacking)}")
        for name in _NUMERIC:
            if name in there and there[name] != here.get(name):
                problems.add(f"{worker} has {name} {there[name]}, and this machine has {here.get(name)}")
    if problems:
        problems.raise_as(NotebookError)


def _run(
    client: Client,
    sent: Sent,
    how: HowToRun,
    on_start: Callable[[str], object],
    on_end: Callable[[Outcome[Executed]], object],
) -> None:
    futures: dict[Any, str] = {}
    shipped: dict[Path, Any] = {}
    for name, (plan, inputs) in sent.items():
        files = {relative: _shipped(client, path, shipped) for relative, path in inputs.items()}
        key = f"cxkit-{name}-{os.urandom(4).hex()}"
        content = plan.notebook.read_bytes()
        future = client.submit(run_there, plan, content, files, how, pure=False, retries=RETRIES, key=key)
        futures[future] = name
        on_start(name)
    try:
        while futures:
            for future in _ended(client, list(futures)):
                name = futures.pop(future)
                on_end(_outcome(name, future))
    except BaseException:
        client.cancel(list(futures))
        raise


def _shipped(client: Client, path: Path, shipped: dict[Path, Any]) -> Any:
    """The contents of a file or folder, sent once however many runs read it; a task, which outlives its worker."""
    if path not in shipped:
        files = [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file())
        contents = {"" if one == path else one.relative_to(path).as_posix(): one.read_bytes() for one in files}
        shipped[path] = client.submit(dict, contents, pure=False, key=f"cxkit-input-{os.urandom(8).hex()}")
    return shipped[path]


def _ended(client: Client, futures: list[Any]) -> list[Any]:
    """Those that have ended, after a short wait; Ctrl-C gets through between waits."""
    from distributed import wait

    waited = 0.0
    while waited < _AWAY_SECONDS:
        try:
            with client.as_current():
                return list(wait(futures, timeout=_LOOK, return_when="FIRST_COMPLETED").done)
        except TimeoutError:
            waited = 0.0 if client.scheduler_info()["workers"] else waited + _LOOK
    raise NotebookError(
        f"All workers are gone since {_AWAY_SECONDS:.0f} s, with {counted(len(futures), 'run')} still to do. "
        "What is finished is kept: start workers and resume."
    )


def _outcome(name: str, future: Any) -> Outcome[Executed]:
    error = future.exception()
    if error is None:
        return Outcome(name, value=future.result())
    return Outcome(name, error=NotebookError(f"the worker could not run it: {fault_of(error)}"))


def run_there(plan: Plan, notebook: bytes, files: Mapping[str, Mapping[str, bytes]], how: HowToRun) -> Executed:
    """On a worker: run a notebook in a folder of its own that holds what it may read."""
    with own_folder("there-") as place:
        folder = place.resolve()
        inputs = {name: _written(folder / name, contents) for name, contents in files.items()}
        path = folder / ".cxkit" / plan.notebook.name
        _written(path, {"": notebook})
        if sha256_of(path) != plan.notebook_sha256:
            raise NotebookError(f"{plan.notebook.name} has changed since the batch was planned.")
        return execute(replace(plan, notebook=path, output=None), inputs, how, threading.Event(), folder)


def _written(path: Path, contents: Mapping[str, bytes]) -> Path:
    for name, data in contents.items():
        target = path / name if name else path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return path
