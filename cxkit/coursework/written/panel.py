"""A panel in JupyterLab for marking written answers, blind and by rubric; all of it can be done from the keyboard."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from threading import RLock
from time import monotonic
from typing import TYPE_CHECKING, Any

from cxkit.coursework.marks.points import points_in_words, points_text
from cxkit.coursework.page.words import plain_text, without_pictures
from cxkit.coursework.written.panel_state import Level, MarkingRound, PanelMark, PanelSheet
from cxkit.errors import MarkingError, fault_of

if TYPE_CHECKING:
    from ipywidgets import VBox, Widget

    from cxkit.coursework.assignment.data import Criterion

LONGEST_ANSWER = 50_000
MOVES = {"n": 1, "p": -1}
ENTER_SECONDS = 2.0
"""The message that Enter was pressed comes just before the value that it sends off; one that came earlier had none."""

# Widgets have no words of their own for wrapping and focus; colours follow the theme of JupyterLab, light or dark.
_STYLE = """<style>
.cxkit-panel { border: 1px solid var(--jp-border-color1); border-radius: 4px; padding: 12px 14px; max-width: 1180px; }
.cxkit-panel .cxkit-level { height: auto; width: calc(100% - 6px); margin: 0 0 3px 2px; padding: 3px 10px;
  line-height: 1.4; text-align: left; white-space: normal; overflow-wrap: anywhere; }
.cxkit-panel button:focus-visible { outline: 2px solid var(--jp-brand-color1); outline-offset: 1px; }
.cxkit-panel .cxkit-answer { border: 1px solid var(--jp-border-color2); border-radius: 3px; padding: 8px 12px;
  background: var(--jp-layout-color0); }
.cxkit-panel .cxkit-answer .widget-html-content { white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.5;
  font-size: var(--jp-content-font-size1); }
.cxkit-panel .widget-html-content { line-height: 1.45; }
.cxkit-panel .cxkit-soft { color: var(--jp-ui-font-color2); }
.cxkit-panel .cxkit-title { font-size: 1.15em; font-weight: 600; }
.cxkit-panel .widget-html { height: auto; }
.cxkit-panel kbd { border: 1px solid var(--jp-border-color1); border-radius: 3px; padding: 0 4px; }
</style>"""

_HELP = (
    "<span class='cxkit-soft'>A level for each criterion in order, <kbd>-</kbd> leaves one out, <kbd>c1</kbd> "
    "adds a comment of the bank, <kbd>n</kbd> and <kbd>p</kbd> go on and back. <kbd>Enter</kbd> saves, "
    "and goes on once all criteria have their level.</span>"
)


def marking_panel(sheet: PanelSheet, marker: str, question: str | None = None) -> VBox:
    """Mark written answers here and now.

    Parameters
    ----------
    sheet : PanelSheet
        Where answers are and marks go; every choice is saved when it is made.
    marker : str
        Who marks. A second marker gives another name, and sees what the first gave only after the own mark.
    question : str, optional
        The written question to begin with.

    Returns
    -------
    ipywidgets.VBox
        Show it as the last line of a cell. From the keyboard: type a level for each criterion into the field (such as
        `32`), `c1` for the first comment of the bank, and Enter saves and goes on to the next answer without marks.

    Raises
    ------
    MarkingError
        If there is nothing to mark, no marker, or no such question.
    """
    return _Panel(MarkingRound(sheet, marker, question)).widget


class _Panel:
    """The widgets of one panel and what happens when they are used."""

    def __init__(self, marking: MarkingRound) -> None:
        import ipywidgets

        self.marking = marking
        self._w = ipywidgets
        self._drawing = False
        self._entered = 0.0
        # Widgets' messages come in a thread of their own while a cell may run in another.
        self._one_at_a_time = RLock()
        self._comment_seen = ""
        self._built_for = ""
        self._buttons: list[tuple[Any, str, Level]] = []
        self._banked: tuple[str, ...] | None = None
        self._make_fields()
        self._connect_fields()
        self.widget = self._laid_out()
        self.widget.add_class("cxkit-panel")
        self._draw()

    def _make_fields(self) -> None:
        """What shows the answer, and what takes the marks for it."""
        w, marking = self._w, self.marking
        wide = w.Layout(width="calc(100% - 6px)")
        self.head, self.place, self.status = w.HTML(), w.HTML(), w.HTML()
        self.progress = w.IntProgress(
            min=0, max=max(1, len(marking.answers)), layout=w.Layout(width="100%", height="14px")
        )
        self.question = w.Dropdown(
            options=[(one.title, one.id) for one in marking.questions], value=marking.question.id,
            description="Question", layout=wide,
        )  # fmt: skip
        self.answer = w.HTML(layout=w.Layout(max_height="34rem", overflow="auto"))
        self.answer.add_class("cxkit-answer")
        self.criteria, self.bank = w.VBox(), w.VBox()
        self.comment = w.Textarea(
            placeholder="Comment for the student", continuous_update=False, rows=3, layout=wide
        )  # fmt: skip
        self.keep = w.Button(description="Keep comment in the bank", layout=w.Layout(width="auto"))
        self.keys = w.Text(
            description="Keys", placeholder=self._example(), continuous_update=False, layout=wide
        )  # fmt: skip

    def _connect_fields(self) -> None:
        self.keep.on_click(lambda _: self._kept())
        self.question.observe(self._other_question, "value")
        self.comment.observe(self._commented, "value")
        self.keys.on_msg(self._heard)
        self.keys.observe(self._typed, "value")

    def _moves(self) -> Widget:
        """Buttons that go from answer to answer."""
        moves: dict[str, Callable[[], str | None]] = {
            "← Previous": lambda: self.marking.go(-1),
            "Next →": lambda: self.marking.go(1),
            "Next without marks": self._to_unmarked,
        }
        buttons = []
        for words, move in moves.items():
            button = self._w.Button(description=words, layout=self._w.Layout(width="auto"))
            button.on_click(lambda _, move=move: self._do(move, said=""))
            buttons.append(button)
        return self._w.HBox(buttons)

    def _laid_out(self) -> Widget:
        """The answer on the left, the marks on the right."""
        w = self._w
        left = w.VBox(
            [self.question, self.place, self.answer, self._moves(), self.status], layout=w.Layout(width="52%")
        )  # fmt: skip
        right = w.VBox(
            [self.keys, w.HTML(_HELP), self.criteria, w.HTML("<b>Comment</b>"), self.comment, self.bank, self.keep],
            layout=w.Layout(width="48%", padding="0 0 0 18px"),
        )
        return w.VBox([w.HTML(_STYLE), self.head, self.progress, w.HBox([left, right])])

    def _example(self) -> str:
        best = "".join(levels[-1].key for levels in self.marking.levels.values())
        return f"such as {best} and Enter"

    def _heard(self, _: Widget, message: Any, __: Any) -> None:
        if isinstance(message, dict) and message.get("event") == "submit":
            self._entered = monotonic()

    # --- what is done ---

    def _do(self, action: Callable[[], str | None], said: str = "Saved.") -> bool:
        """Keep the comment, carry the action out, show what there is now; or tell why it could not be done.

        What the action returns is said instead. "Saved." is never said before it is true: what goes wrong in a click
        is otherwise seen in JupyterLab's log alone.
        """
        with self._one_at_a_time:
            try:
                if self.comment.value != self._comment_seen:
                    self.marking.comment(self.comment.value, was=self._comment_seen)
                    self._comment_seen = self.comment.value
                told = action()
                self._draw()
            except Exception as error:
                self._failed(error)
                return False
            self._say(said if told is None else told)
            self._show_others()
            return True

    def _failed(self, error: Exception) -> None:
        """What stands in the fields is not lost: it can be corrected or saved again."""
        if isinstance(error, MarkingError):
            self._draw(with_comment=False)
            self._say(str(error), wrong=True)
        else:
            self._say(f"Not saved. Something went wrong: {fault_of(error)}", wrong=True)

    def _typed(self, change: Any) -> None:
        """What was typed comes with Enter, which goes on, or when the field is left for a click that is meant here."""
        text = change["new"]
        if self._drawing or not text:
            return
        by_enter, self._entered = monotonic() - self._entered < ENTER_SECONDS, 0.0
        move = MOVES.get(text.strip().lower())
        if by_enter and move is not None:
            done = self._do(lambda: self.marking.go(move), said="")
        else:
            done = self._do(lambda: self._keys_typed(text, goes_on=by_enter))
        if done:
            self._drawing = True
            self.keys.value = ""
            self._drawing = False

    def _keys_typed(self, text: str, *, goes_on: bool) -> str | None:
        self.marking.type_keys(text)
        return self._to_unmarked() if goes_on and self.marking.complete() else None

    def _to_unmarked(self) -> str | None:
        return None if self.marking.go_to_unmarked() else "All answers to this question are marked."

    def _other_question(self, change: Any) -> None:
        if not self._drawing:
            self._do(lambda: self.marking.open_question(change["new"]), said="")

    def _commented(self, change: Any) -> None:
        if not self._drawing:
            self._do(lambda: None)

    def _kept(self) -> None:
        def keep() -> str:
            new = self.marking.keep_comment()
            return "Kept in the bank." if new else "The bank has it already, or it is empty."

        self._do(keep)

    def _say(self, text: str, *, wrong: bool = False) -> None:
        colour = "var(--jp-error-color1)" if wrong else "var(--jp-ui-font-color2)"
        self.status.value = f"<span role='status' style='color:{colour}'>{escape(text)}</span>"

    # --- what is shown ---

    def _draw(self, *, with_comment: bool = True) -> None:
        marking = self.marking
        self._drawing = True
        try:
            done, of = marking.marked, len(marking.answers)
            self.head.value = (
                f"<span class='cxkit-title'>{escape(marking.question.title)}</span> &nbsp; "
                f"<b>{done} of {of}</b> marked &nbsp; <span class='cxkit-soft'>by {escape(marking.marker)}</span>"
            )
            self.progress.max, self.progress.value = max(1, of), done
            self.progress.bar_style = "success" if done == of else "info"
            answer = marking.answer
            self.place.value = self._standing(answer.code) if answer else "There are no answers to this question."
            text = answer.text.strip() if answer else ""
            shown = escape(plain_text(without_pictures(text), LONGEST_ANSWER))
            self.answer.value = shown if text else "<i class='cxkit-soft'>Nothing was written.</i>"
            if with_comment:
                self.comment.value = self._comment_seen = marking.mark.comment
            self.question.value = marking.question.id
            self.keys.placeholder = self._example()
            self._draw_criteria()
            self._draw_bank()
        finally:
            self._drawing = False

    def _standing(self, code: str) -> str:
        """Which answer this is, and the points that it has so far."""
        marking = self.marking
        so_far = "" if marking.complete() else " <span class='cxkit-soft'>so far</span>"
        return (
            f"Answer <b>{escape(code)}</b> <span class='cxkit-soft'>({marking.place + 1} of {len(marking.answers)})"
            f"</span> &nbsp; <b>{points_text(marking.total)}</b> of {points_text(marking.question.points)} points"
            f"{so_far}"
        )

    def _draw_criteria(self) -> None:
        """Buttons are made anew for another question only: one that is in use would lose the focus."""
        if self._built_for != self.marking.question.id:
            self._built_for = self.marking.question.id
            self._buttons = []
            self.criteria.children = tuple(map(self._criterion, self.marking.question.rubric))
        given = self.marking.mark.points
        for button, criterion, level in self._buttons:
            chosen = given.get(criterion) == level.points
            points = points_in_words(level.points)
            # Where the key is the number of points, they need not be said again.
            says_points = level.key == points_text(level.points)
            text = f"{level.text} ({points})" if level.text and not says_points else level.text or points
            button.description = f"{level.key}  {'✓ ' if chosen else ''}{text}"
            button.button_style = "primary" if chosen else ""

    def _criterion(self, criterion: Criterion) -> Widget:
        label = self._w.HTML(
            f"<b>{escape(criterion.text)}</b> <span class='cxkit-soft'>of {points_text(criterion.points)}</span>"
        )
        shown = [label]
        for level in self.marking.levels[criterion.id]:
            button = self._w.Button(tooltip=f"{criterion.text}: {points_in_words(level.points)}")
            button.add_class("cxkit-level")
            button.on_click(lambda _, c=criterion.id, p=level.points: self._do(lambda: self.marking.choose(c, p)))
            self._buttons.append((button, criterion.id, level))
            shown.append(button)
        return self._w.VBox(shown, layout=self._w.Layout(margin="4px 0 6px"))

    def _draw_bank(self) -> None:
        bank = self.marking.bank()
        if bank == self._banked:
            return
        self._banked = bank
        buttons = []
        for number, text in enumerate(bank, 1):
            button = self._w.Button(description=f"c{number}  {text}", tooltip="Add to the comment")
            button.add_class("cxkit-level")
            button.on_click(lambda _, comment=text: self._do(lambda: self.marking.add_comment(comment)))
            buttons.append(button)
        self.bank.children = tuple(buttons)

    def _show_others(self) -> None:
        others = self.marking.others()
        if not others:
            return
        given = "; ".join(f"{marker} gave {self._in_short(mark)}" for marker, mark in others.items())
        self._say(f"You gave {self._in_short(self.marking.mark)}; {given}.")

    def _in_short(self, mark: PanelMark) -> str:
        """The total, and the points in the order of the criteria."""
        each = (points_text(mark.points[one]) if one in mark.points else "–" for one in self.marking.levels)
        return f"{points_text(sum(mark.points.values()))} ({', '.join(each)})"
