"""Answer sheets and people: whoever answers in several waves hands in several sheets and is still one person.

Nearly every analysis takes each sheet for another person. Where the ids say otherwise, groups of one person would pass
for groups of five, and intervals and tests would promise too much; so those analyses refuse, here and in one way.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from cxkit.errors import AnalysisError, counted


@dataclass(frozen=True, kw_only=True)
class People:
    """How many people the answer sheets of a survey come from.

    Attributes
    ----------
    sheets
        How many answer sheets there are.
    people
        How many people handed them in; every sheet without an id counts as one more.
    several
        How many of them handed in more than one sheet.
    without_id
        How many sheets do not say whose they are.
    waves
        The waves in which there are sheets, in their order; empty without the role wave.
    """

    sheets: int
    people: int
    several: int
    without_id: int
    waves: tuple[str, ...]

    @classmethod
    def of(cls, respondents: pd.DataFrame) -> People:
        """The people behind the rows of respondents' attributes."""
        ids = respondents["id"].dropna() if "id" in respondents else pd.Series(dtype="object")
        each = ids.value_counts()
        without_id = len(respondents) - len(ids)
        return cls(
            sheets=len(respondents),
            people=len(each) + without_id,
            several=int((each > 1).sum()),
            without_id=without_id,
            waves=_waves_of(respondents),
        )

    @property
    def may_repeat(self) -> bool:
        """Whether people may stand in several waves without anybody being able to tell."""
        return len(self.waves) > 1 and self.without_id > 0

    @property
    def text(self) -> str:
        """`438 answer sheets of 236 people, 202 of them in both waves`, or plainly `236 respondents`."""
        if not self.several:
            return counted(self.sheets, "respondent")
        return f"{counted(self.sheets, 'answer sheet')} of {self.count}, {self.several:,} of them {self.where}"

    @property
    def count(self) -> str:
        """How many people, in words."""
        return "1 person" if self.people == 1 else f"{self.people:,} people"

    @property
    def where(self) -> str:
        """Where those with several sheets have them."""
        if len(self.waves) < 2:
            return "with more than one sheet"
        return "in both waves" if len(self.waves) == 2 else f"in more than one of {len(self.waves)} waves"

    @property
    def note(self) -> str:
        """What a reader of a table must know of sheets and people; nothing where each person has one sheet."""
        unknown = (
            f"{counted(self.without_id, 'answer sheet')} of {len(self.waves)} waves without an id: people who answered "
            "in several waves count once for each, so that a group may be of fewer people than its n says, and "
            "intervals and tests are too narrow. Name the column of the id, or choose one wave."
            if self.may_repeat
            else ""
        )
        known = f"The data are {self.text}." if self.several else ""
        return " ".join(part for part in (known, unknown) if part)


def _waves_of(respondents: pd.DataFrame) -> tuple[str, ...]:
    """The waves in which there are answer sheets, in their order."""
    if "wave" not in respondents:
        return ()
    present = respondents["wave"].dropna()
    known = present.cat.categories if isinstance(present.dtype, pd.CategoricalDtype) else sorted(present.unique())
    return tuple(str(name) for name in known if (present == name).any())


def same_people_note(respondents: pd.DataFrame, groups: pd.Series) -> list[str]:
    """A remark where the groups that are compared, such as waves, have people in common."""
    if "id" not in respondents:
        return []
    ids = respondents["id"][groups.notna()].dropna()
    repeated = int(ids.duplicated().sum())
    if not repeated:
        return []
    return [
        f"{counted(repeated, 'answer sheet')} come from people who answered more than once; the tests count them as "
        "different people, so that they find differences between the groups less often than between groups of "
        "different people, as far as people answer alike each time."
    ]


def refuse_several_sheets(name: str, people: People, analysis: str, *, place: str = "") -> None:
    """Refuse answer sheets that are not of different people.

    Parameters
    ----------
    name
        The name of the survey.
    people
        Whose answer sheets they are.
    analysis
        What takes every sheet for another person, for the message.
    place
        Among which sheets it does, if not among all of them.

    Raises
    ------
    AnalysisError
        How many sheets of how many people there are, and how to choose one wave.
    """
    if not people.several:
        return
    remedy = "Keep one sheet of each person."
    if len(people.waves) > 1:
        last = people.waves[-1]
        remedy = (
            f"Choose one wave: survey.subset(wave='{last}') in Python, the parameter wave in a notebook "
            f"(-p wave={last}). How far the same people agree over waves, retest_reliability says."
        )
    raise AnalysisError(
        f"'{name}' holds {people.text}. '{analysis}' takes every sheet{place} for another person: groups would seem to "
        f"be of more people than they are, and intervals and tests would promise too much. {remedy}"
    )


def refuse_several_sheets_in_a_group(name: str, respondents: pd.DataFrame, groups: pd.Series, analysis: str) -> None:
    """Refuse groups in which people have more than one answer sheet; in each of several waves they may have one."""
    grouped = respondents[groups.notna()]
    if "id" not in grouped:
        return
    keys = pd.DataFrame({"id": grouped["id"], "group": groups[grouped.index].astype("str")})
    if keys.dropna().duplicated().any():
        refuse_several_sheets(name, People.of(grouped), analysis, place=" in one group")
