"""What a student reads first: tasks and points, packages and columns, the deadline, and how to hand in."""

from __future__ import annotations

from datetime import datetime

from cxkit.coursework.assignment.available import columns_sentence, packages_sentence
from cxkit.coursework.assignment.data import ANSWER_KINDS, Assignment, LatePolicy, Question
from cxkit.coursework.collecting.archives import LARGEST_NOTEBOOK
from cxkit.coursework.collecting.contents import MOST_CELLS
from cxkit.coursework.marks.points import points_text
from cxkit.errors import counted


def instructions(assignment: Assignment, deadline: datetime | None = None) -> str:
    """The page as Markdown.

    Parameters
    ----------
    assignment : Assignment
    deadline : datetime, optional
        Without it the page says where to look.
    """
    parts = [
        f"# {assignment.title}",
        _overview(assignment),
        "## Points",
        _points(assignment),
        "## What you can use",
        _usable(assignment),
        "## When",
        _when(assignment.late, deadline),
        "## How to hand in",
        _hand_in(assignment),
    ]
    return "\n\n".join(parts) + "\n"


def notebook_name(assignment: Assignment) -> str:
    """The name of the students' notebook."""
    return f"{assignment.id}.ipynb"


def _overview(assignment: Assignment) -> str:
    lines = [f"Open `{notebook_name(assignment)}` in JupyterLab and work through it from top to bottom."]
    if assignment.expected_hours:
        lines.append(f"Plan about {counted_hours(assignment.expected_hours)}.")
    for file in assignment.files:
        whose = "Your data" if file.vary == "rows" else "The data"
        lines.append(f"{whose}: `{file.relative}`.")
    if assignment.extras:
        listed = ", ".join(f"`{name}`" for name in assignment.extras)
        lines.append(f"With it come {listed}: leave them where they are, beside the notebook.")
    return " ".join(lines)


def counted_hours(hours: float) -> str:
    """`"1 hour"`, `"2.5 hours"`."""
    return f"{hours:g} {'hour' if hours == 1 else 'hours'}"


def _points(assignment: Assignment) -> str:
    rows = ["| task | points | leave behind |", "|---|---:|---|"]
    rows += [
        f"| {_cell(question.title)} | {points_text(question.points)} | {_left_behind(question, assignment)} |"
        for question in assignment.questions
    ]
    rows.append(f"| **together** | **{points_text(assignment.points)}** | |")
    return "\n".join(rows)


def _left_behind(question: Question, assignment: Assignment) -> str:
    if question.kind == "written":
        return "words, read by a person"
    asked = ", ".join(f"`{answer.name}` ({ANSWER_KINDS[answer.type]})" for answer in question.answers)
    asked += _only_together(question)
    if not question.after:
        return asked
    first = " and ".join(f"'{_cell(assignment.question(key).title)}'" for key in question.after)
    return f"{asked}; counts only if {first} is right, or if this is right once the values of {first} are"


def _only_together(question: Question) -> str:
    """That answers which can be guessed count beside the others, as the marker has it."""
    few = question.guessable
    if not few:
        return ""
    guessed = " and ".join(f"`{answer.name}`" for answer in few)
    others = " or ".join(f"`{answer.name}`" for answer in question.answers if answer not in few)
    return f"; {guessed} {'counts' if len(few) == 1 else 'count'} only together with {others}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _usable(assignment: Assignment) -> str:
    """The packages, and the columns of the data."""
    return "\n\n".join(filter(None, [packages_sentence(), *map(columns_sentence, assignment.files)]))


def _when(late: LatePolicy, deadline: datetime | None) -> str:
    if deadline is None:
        lines = ["The deadline stands where you were given this assignment."]
    else:
        zone = f" ({deadline.strftime('%Z')})" if deadline.tzinfo else ""
        lines = [f"Hand in by **{deadline.day} {deadline.strftime('%B %Y, %H:%M')}**{zone}."]
    if late.grace_minutes:
        lines.append(f"{late.grace_minutes:g} minutes more cost nothing.")
    if late.per_day:
        lines.append(f"After that, each day begun costs {_percent(late.per_day)} of the points you earn")
        lines[-1] += f", at most {_percent(late.at_most)}." if late.at_most < 1 else "."
    else:
        lines.append("Lateness costs no points by itself; your course may set a last day.")
    return " ".join(lines)


def _percent(share: float) -> str:
    return f"{100 * share:g} %"


def _hand_in(assignment: Assignment) -> str:
    limits = assignment.limits
    steps = [
        f"Hand in one file, your `{notebook_name(assignment)}`. Keep its name; do not hand in the data. It "
        f"may have {LARGEST_NOTEBOOK // 1_000_000} MB and {MOST_CELLS:,} cells: clear outputs that make it larger.",
        "Before that, choose *Restart kernel and run all cells*: what only an earlier state of the kernel knew is lost "
        "when your notebook is marked.",
        "Give your results the names that the tasks ask for. They are compared as they are: do not round them.",
        "Compute everything from the parameters in the first code cell. Your notebook is run again with other values "
        "and other data of the same form, and a result that was typed in does not change with them.",
        f"It runs without network, with the files that came with it. A cell may take {limits.cell_seconds:g} seconds "
        f"and print and show {limits.output_bytes >> 20:,} MB: what goes on printing is cut. The notebook may take "
        f"{limits.total_seconds:g} seconds, {limits.cpu_seconds:,} seconds of processor time on all cores together, "
        f"{limits.memory_bytes >> 20:,} MB of memory, and {limits.work_bytes >> 20:,} MB for files that it writes.",
        "A task that you leave open costs its own points only; so does one that fails: a later task that uses its "
        "result is tried once more with the right one. A cell that ends the kernel, or a loop that cannot be stopped, "
        "costs the tasks below it as well: they do not run.",
    ]
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))


def summary(assignment: Assignment) -> str:
    """One line for whoever releases it."""
    tasks = counted(len(assignment.questions), "question")
    return f"{assignment.title}: {tasks}, {points_text(assignment.points)} points"
