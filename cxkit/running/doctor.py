"""What can be run here, and how well protected? Each answer is found by trying it."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from typing import Literal

from cxkit.errors import NotebookError, counted, install_command
from cxkit.running.isolation.trial import (
    ALL_CLAIMS,
    NOT_HELD,
    UNPROTECTED_CLAIMS,
    Bait,
    bait,
    broken_claims,
    open_to_strangers,
)
from cxkit.running.jobs.memory import free_memory
from cxkit.running.kernels.forked import Template, can_fork
from cxkit.running.sandbox.limits import Limits
from cxkit.running.sandbox.protection import find_protection

State = Literal["good", "limited", "bad"]

SPEC = "cxkit"
_NEEDED = ("papermill", "nbclient", "nbformat", "ipykernel", "numpy", "pandas", "scipy", "matplotlib", "seaborn")
_GIB = 1 << 30
_ROOM_BYTES = _GIB  # less than this in the temporary folder, and a class that is marked may fill it


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was examined.

    Attributes
    ----------
    subject : str
        What: "sandbox".
    state : {"good", "limited", "bad"}
        Limited: it works, and slower or with less than elsewhere. Bad: something that cxkit offers will be refused.
    text : str
        What was found, in plain words.
    remedy : str
        What to do about it; empty if nothing need be done.
    """

    subject: str
    state: State
    text: str
    remedy: str = ""


def examine() -> tuple[Finding, ...]:
    """What can be run here, and how well protected?

    Starts a template of kernels and tries each kind of sandbox, which takes some seconds.

    Returns
    -------
    tuple of Finding
        In the order in which a person asks: Python, kernels, sandbox, memory, room, JupyterLab, PDF.
    """
    with bait() as laid:  # before the template starts, which must not be told of the variable in it
        examined: tuple[Callable[[], Finding], ...] = (
            _python, _kernels, partial(_sandbox, laid), _memory, _room, _kernelspec, _pdf,
        )  # fmt: skip
        return tuple(one() for one in examined)


def _python() -> Finding:
    found = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    missing = []
    for name in _NEEDED:
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            missing.append(name)
    if not missing:
        return Finding(subject="Python", state="good", text=f"{found}, with every package that a run needs")
    remedy = "Install cxkit once more with its dependencies (`make setup`)."
    return Finding(subject="Python", state="bad", text=f"{found}, without {', '.join(missing)}", remedy=remedy)


def _kernels() -> Finding:
    if not can_fork():
        text = f"ordinary ones: forking a loaded Python is not safe on {platform.system()}; results are the same"
        return Finding(subject="kernels", state="limited", text=text, remedy="For many runs use Linux.")
    began = time.monotonic()
    try:
        threads = Template.get().threads
    except NotebookError as error:
        remedy = "Every open run starts an ordinary kernel, more slowly; contained runs need bubblewrap."
        return Finding(subject="kernels", state="limited", text=f"ordinary ones: {error}", remedy=remedy)
    if threads > 1:
        text = f"ordinary ones: the template has {counted(threads, 'thread')} after its imports, and must have one"
        remedy = "One of the installed packages starts a thread on import; please report which packages you have."
        return Finding(subject="kernels", state="limited", text=text, remedy=remedy)
    text = f"forked from a template, which was ready after {time.monotonic() - began:.1f} s"
    return Finding(subject="kernels", state="good", text=text)


def _sandbox(laid: Bait) -> Finding:
    found = find_protection()
    failed = "; ".join(f"{name}: {problem}" for name, problem in found.failed.items())
    if found.mechanism is None:
        remedy = (
            "Nothing that strangers wrote is run, unless you accept the risk with --accept-no-sandbox. On Linux, "
            "install bubblewrap or allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, or "
            "kernel.apparmor_restrict_unprivileged_userns=0)."
        )
        text = f"{found.text}. {_tried_openly(laid)} ({failed})"
        return Finding(subject="sandbox", state="bad", text=text, remedy=remedy)
    better = f" ({failed})" if failed else ""
    try:
        broken = broken_claims(laid)
    except NotebookError as error:
        return Finding(subject="sandbox", state="bad", text=f"{found.mechanism}: a trial run failed: {error}{better}")
    if broken:
        told = "; ".join(f"{what} ({seen})" for what, seen in broken.items())
        text = f"{found.text}. Tried just now, and it does NOT hold that a notebook cannot {told}. {NOT_HELD}{better}"
        return Finding(subject="sandbox", state="limited", text=text, remedy="Mark on a machine with namespaces.")
    text = f"{found.text}. Tried just now: a notebook cannot {', '.join(ALL_CLAIMS)}. {NOT_HELD}{better}"
    return Finding(subject="sandbox", state="limited" if failed else "good", text=text)


def _tried_openly(laid: Bait) -> str:
    """What a notebook without a sandbox could do, by trying it."""
    try:
        could = open_to_strangers(laid)
    except NotebookError as error:
        return f"It could not be tried: {error}"
    failed = [one for one in UNPROTECTED_CLAIMS if one not in could]
    not_here = f", and for another reason not {', '.join(failed)}" if failed else ""
    return f"Tried just now: it could {', '.join(could) or 'do nothing of that'}{not_here}."


def _memory() -> Finding:
    import psutil

    free, whole, cores = free_memory(), psutil.virtual_memory().total, os.cpu_count() or 1
    bound = Limits().memory_bytes
    fit = int(free // bound)
    text = (
        f"{free / _GIB:.1f} of {whole / _GIB:.1f} GiB free, {counted(cores, 'core')}: "
        f"{counted(fit, 'contained run')} at a time, each of which may take {bound / _GIB:.1f} GiB"
    )
    if fit >= cores:
        return Finding(subject="memory", state="good", text=text)
    remedy = "Close other programs, or give runs less memory; a batch starts no more runs than fit."
    return Finding(subject="memory", state="limited" if fit else "bad", text=text, remedy=remedy)


def _room() -> Finding:
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    text = f"{free / _GIB:.1f} GiB free for temporary files ({folder})"
    if free >= _ROOM_BYTES:
        return Finding(subject="room", state="good", text=text)
    return Finding(subject="room", state="limited", text=text, remedy="Set TMPDIR to a folder with more room.")


def _kernelspec() -> Finding:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        spec = KernelSpecManager().get_kernel_spec(SPEC)
    except NoSuchKernel:
        remedy = "Install cxkit into the environment that JupyterLab runs in."
        return Finding(subject="kernelspec", state="limited", text=f"'{SPEC}' is not installed", remedy=remedy)
    program = spec.argv[0]
    # Whoever starts a kernelspec that says "python" takes its own (jupyter_client's manager does)
    is_own = program in {"python", "python3", f"python3.{sys.version_info.minor}"}
    if not is_own and shutil.which(program) is None:
        remedy = f"Install cxkit once more: {json.dumps(program)} is what the kernelspec starts."
        return Finding(subject="kernelspec", state="limited", text=f"'{SPEC}' starts a missing Python", remedy=remedy)
    return Finding(subject="kernelspec", state="good", text=f"'{SPEC}' is there for JupyterLab, papermill and nbgrader")


def _pdf() -> Finding:
    try:
        version = metadata.version("weasyprint")
    except metadata.PackageNotFoundError:
        pass
    else:
        return Finding(subject="PDF", state="good", text=f"weasyprint {version}")
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
    if browser is not None:
        return Finding(subject="PDF", state="good", text=f"the browser found: {browser}")
    remedy = f"For PDF: {install_command('weasyprint')}"
    return Finding(subject="PDF", state="limited", text="reports as html only", remedy=remedy)
