"""What can go wrong, by name. Standard library only, so that every layer may import it.

Every message says what was found, where, and what to do now. `Problems` collects several findings so that a reader
gets all of them at once instead of one per attempt.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import NoReturn

EXAMPLES_SHOWN = 5
_LONGEST_REASON = 200


class CxkitError(Exception):
    """Anything that cxkit refuses to do, with the reason and the remedy in its message."""


class InstrumentError(CxkitError, ValueError):
    """The description of an instrument is incomplete or contradicts itself."""


class SurveyError(CxkitError, ValueError):
    """The answers cannot be read as answers to this instrument."""


class AnalysisError(CxkitError, ValueError):
    """The analysis cannot be computed from this survey, or would mislead."""


class OptionError(CxkitError, ValueError):
    """An option has a value that it cannot have: what the caller asked wrongly, whatever the answers are."""


class ModelError(CxkitError, ValueError):
    """A structural equation model is misspelt, not identified, or did not converge."""


class NotebookError(CxkitError, RuntimeError):
    """A notebook could not be run: wrong parameters, or a cell that failed."""


class AssignmentError(CxkitError, ValueError):
    """An assignment is not set up so that it can be released or marked."""


class MarkingError(CxkitError, RuntimeError):
    """A submission could not be marked fairly."""


class CxkitWarning(UserWarning):
    """A finding that leaves the numbers valid but that the reader should know; names the item or respondent."""


def counted(count: int, noun: str, plural: str = "") -> str:
    """`"1 row"`, `"3 rows"`: a count with its noun, for messages."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def first_of(names: Sequence[str], most: int) -> str:
    """`"a, b and 3 more"`: the first few names, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


_READ_ERRORS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (UnicodeError, "it is not text in UTF-8"),
    (RecursionError, "it is nested too deeply"),
    (MemoryError, "it takes more memory than there is"),
    ((TypeError, AttributeError, LookupError), "it is not built as expected"),
)


def reason_of(error: BaseException) -> str:
    """What a library's error says, for the end of a sentence on something that could not be read.

    The text of a KeyError is a bare name, that of others is about Python and not about what was read, or empty.

    >>> reason_of(KeyError("cells")), reason_of(AttributeError("'list' object has no attribute 'get'"))
    ("'cells' is missing in it", 'it is not built as expected')
    """
    from json import JSONDecodeError  # here, so that `cxkit --help` need not import json

    if isinstance(error, KeyError) and error.args:
        return f"{error.args[0]!r} is missing in it"
    for kind, what in ((JSONDecodeError, "it is not JSON"), *_READ_ERRORS):
        if isinstance(error, kind):
            return what
    said = " ".join(str(getattr(error, "strerror", None) or error).split())
    return (said if len(said) <= _LONGEST_REASON else f"{said[: _LONGEST_REASON - 3]}...").rstrip(".") or (
        "why is not known"
    )


def fault_of(error: BaseException) -> str:
    """A fault inside cxkit or a library, to be reported: its kind and what it says.

    >>> fault_of(KeyError("msg_id")), fault_of(AssertionError())
    ("KeyError: there is no 'msg_id'", 'AssertionError, without a message')
    """
    kind, said = type(error).__name__, str(error)
    if isinstance(error, KeyError) and error.args:
        said = f"there is no {error.args[0]!r}"
    return f"{kind}: {said}" if said else f"{kind}, without a message"


def install_command(package: str) -> str:
    """What installs a package beside this cxkit: with its own Python, and by the package's name.

    Not by an extra of cxkit, which is on no index: another Python's pip would not find it.
    """
    import shlex
    import sys

    return f"{shlex.quote(sys.executable)} -m pip install {package}"


class Problems:
    """Findings about one input, raised together as one error.

    >>> problems = Problems("2 problems in survey.csv")
    >>> problems.add("the column L3 occurs twice")
    >>> bool(problems)
    True
    """

    def __init__(self, where: str) -> None:
        self.where = where
        self.findings: list[str] = []

    def __bool__(self) -> bool:
        return bool(self.findings)

    def add(self, finding: str, examples: Sequence[str] = (), remedy: str = "") -> None:
        """Note one finding; at most five examples are shown, then how many more there are."""
        lines = [finding, *(f"    {example}" for example in examples[:EXAMPLES_SHOWN])]
        if len(examples) > EXAMPLES_SHOWN:
            lines.append(f"    and {len(examples) - EXAMPLES_SHOWN:,} more")
        if remedy:
            lines.append(f"    -> {remedy}")
        self.findings.append("\n".join(lines))

    def raise_as(self, error: type[CxkitError]) -> NoReturn:
        """Raise every finding as one error of the given kind."""
        head = f"{self.where}: {counted(len(self.findings), 'problem')} found."
        raise error("\n".join([head, *(f"  {finding}" for finding in self.findings)]))


def closest(name: str, known: Iterable[object]) -> str:
    """`" Did you mean 'loyalty'?"` if a known name resembles `name`, else nothing."""
    folded = {n.casefold(): n for n in map(str, known)}
    own = name.casefold()
    # Whoever misspells a name rarely errs in its first letter; "education" and "function" share .71 of theirs.
    close = get_close_matches(own, folded, n=1, cutoff=0.72)
    close = close or get_close_matches(own, [one for one in folded if one[:1] == own[:1]], n=1, cutoff=0.6)
    return f" Did you mean '{folded[close[0]]}'?" if close else ""


def nearest_of_waves(name: str, known: Iterable[object]) -> str:
    """The nearest wave and all of them: years differ by a digit, so that the nearest is seldom the one meant."""
    names = [str(k) for k in known]
    return closest(name, names) + nearest("", names)


def nearest(name: str, known: Iterable[object]) -> str:
    """`" Did you mean 'loyalty'?"` if a known name resembles `name`, else the known names, else nothing."""
    names = [str(k) for k in known]
    close = closest(name, names)
    if close:
        return close
    if not names:
        return ""
    shown = ", ".join(names[:12]) + (f", ... ({len(names)} in all)" if len(names) > 12 else "")
    return f" Known: {shown}."
