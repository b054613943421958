"""Which wave a report looks at, where the same people answered in several."""

from __future__ import annotations

from dataclasses import replace

from cxkit.errors import OptionError
from cxkit.survey.survey import Survey


def one_wave(survey: Survey, wave: str = "", *, organisation: str = "") -> Survey:
    """Which wave does a report look at, so that every person counts once?

    Parameters
    ----------
    survey
        The survey as it was read.
    wave
        The wave to look at. Where it is empty and people answered in several waves, it is the latest; where nobody did,
        all answers stay together.
    organisation
        The organisation that the report is about, if it is of one: the latest wave is the latest in which it answered.

    Returns
    -------
    Survey
        The respondents of that wave, with a note that says which wave was taken and why; the survey itself where
        everybody answered once.

    Raises
    ------
    OptionError
        If the wave does not occur, or the names of several do not tell which is the latest.
    """
    if wave:
        return survey.subset(wave=wave)
    people = survey.people
    if not people.several or len(people.waves) < 2:
        return survey
    latest = _latest_wave(survey, organisation)
    chosen = survey.subset(wave=latest)
    note = (
        f"Only wave {latest} is analysed, the latest of {', '.join(people.waves)}"
        f"{f' in which {organisation} answered' if organisation else ''}: the file holds {people.text}, and analyses "
        "take every sheet for another person. Another wave: the parameter wave."
    )
    return replace(chosen, notes=(note, *chosen.notes))


def _latest_wave(survey: Survey, organisation: str) -> str:
    waves = survey.role("wave")
    if organisation:
        own = survey.role("organisation").astype("str") == organisation
        if not own.any():
            raise OptionError(f"No organisation '{organisation}' in '{survey.name}'.")
        waves = waves[own]
    names = [str(name) for name in waves.cat.categories if (waves == name).any()]
    if len(names) > 1 and not waves.cat.ordered:
        raise OptionError(
            f"The names of the waves of '{survey.name}' do not tell which is the latest: {', '.join(names)}. Name the "
            f"one to look at: wave='{names[-1]}' or another (in a notebook the parameter wave), or number them in the "
            "file (1 before, 2 after)."
        )
    return names[-1]
