"""How far does one call travel through the code? Prints the files that it enters, in order.

    python tools/call_path.py sem.cfa             # a model and answers into a fit
    python tools/call_path.py confirm_structure   # a survey into a structure
    python tools/call_path.py report              # runs into reports (plans only; no kernel is started)

A step is a call from a function of one file of the package into a function of another; each function counts when it is
called for the first time. "Returns" counts steps into a file that was entered before: a reader has to go back there.
Steps into the ground floor (errors, statistics, files) are left out.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "cxkit"
GROUND = {
    "errors.py",
    "kept.py",
    "one_thread.py",
    "ties.py",
    "files.py",
    "without_contents.py",
    "shipped.py",
    "mime.py",
}


class Traveller:
    """Notes each first call of one function, other than of helpers that the same file calls again and again."""

    def __init__(self) -> None:
        self.path: list[str] = []
        self._seen: set[CodeType] = set()

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        """What `sys.setprofile` calls."""
        if event != "call" or frame.f_code in self._seen or frame.f_code.co_name.startswith("<"):
            return
        place = _place(frame)
        if place is None:
            return
        self._seen.add(frame.f_code)
        if not self.path or self.path[-1] != place:
            self.path.append(place)

    @property
    def returns(self) -> int:
        """Steps into a file that was entered before."""
        return len(self.path) - len(set(self.path))


def _place(frame: FrameType) -> str | None:
    file = Path(frame.f_code.co_filename)
    if not file.is_relative_to(PACKAGE):
        return None
    name = file.relative_to(PACKAGE).as_posix()
    return None if name in GROUND or name.startswith("statistics/") or name.endswith("__init__.py") else name


def follow(call: Callable[[], object]) -> Traveller:
    """The path of a call."""
    traveller = Traveller()
    sys.setprofile(traveller)
    try:
        call()
    finally:
        sys.setprofile(None)
    return traveller


def _calls() -> dict[str, Callable[[], object]]:
    import cxkit as cx
    from cxkit import sem
    from cxkit.running.queue.runs import read_runs

    survey = cx.load_survey("customersat")
    model = "a =~ " + " + ".join(survey.answers.columns[:4])
    runs = ROOT / "notebooks" / "runs.toml"
    return {
        "sem.cfa": lambda: sem.cfa(model, survey.answers),
        "confirm_structure": lambda: cx.confirm_structure(survey),
        "report": lambda: read_runs(runs),
    }


def main() -> int:
    """Follow the call that is named."""
    calls = _calls()
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    if wanted not in calls:
        print(f"Name one of: {', '.join(calls)}.", file=sys.stderr)
        return 2
    with warnings.catch_warnings(), tempfile.TemporaryDirectory():
        warnings.simplefilter("ignore")
        calls[wanted]()  # imports are no part of the way
        found = follow(calls[wanted])
    print("\n".join(f"{n:3}  {place}" for n, place in enumerate(found.path, 1)))
    print(f"{len(set(found.path))} files, {found.returns} returns to a file already visited")
    return 0


if __name__ == "__main__":
    sys.exit(main())
