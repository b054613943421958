"""Do the names in a notebook's parameters occur in the survey? Checked in the cell that reads it, not an hour later."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping

from cxkit.errors import CxkitWarning, NotebookError, Problems, nearest, nearest_of_waves
from cxkit.survey.shared_suppression import GROUPING_ROLES
from cxkit.survey.survey import Survey, natural_order


def check_notebook_names(values: Mapping[str, object], survey: Survey, /, **roles: str) -> None:
    """Are the groups named in a notebook's parameters groups of this survey? Call it in the cell that reads the survey.

    An empty parameter names nothing. A list whose role the survey lacks is left to the analysis, which says what is
    missing in its own place; one name whose role is missing is refused, because the respondents cannot be picked by it.

    Parameters
    ----------
    values
        The notebook's names with their values: `globals()`.
    survey
        The survey that was read.
    roles
        Parameter to role: `leaders="level", organisation="organisation"`. An empty role is skipped.

    Raises
    ------
    NotebookError
        Every parameter that names what the survey does not have, with the nearest name; all at once.
    """
    problems = Problems("The notebook's parameters and the survey")
    for parameter, role in roles.items():
        for finding in _unknown(parameter, values[parameter], survey, role) if role else ():
            problems.add(finding)
    if problems:
        problems.raise_as(NotebookError)


def check_notebook_roles(values: Mapping[str, object], survey: Survey, /, *parameters: str) -> None:
    """Does the survey know the attributes that these parameters of a notebook name? Warns of each that it does not.

    What rests on such an attribute is left out of the report, and the rest of it is made; it is said here, before the
    first table, and not an hour later.

    Parameters
    ----------
    values
        The notebook's names with their values: `globals()`.
    survey
        The survey that was read.
    parameters
        Parameters that hold a role, such as "group"; an empty one names nothing.
    """
    for parameter in parameters:
        role = str(values[parameter])
        if role and role not in survey.respondents:
            others = [known for known in GROUPING_ROLES if known in survey.respondents]
            known = f"set {parameter} to one that it knows ({', '.join(others)}), or " if others else ""
            warnings.warn(
                f"{parameter} = \"{role}\": '{survey.name}' does not say the {role} of its respondents, so that what "
                f"compares them by it is left out: {known}name its column in the parameter respondent "
                f"({{'{role}': '<column>'}}).",
                CxkitWarning,
                stacklevel=2,
            )


def _unknown(parameter: str, value: object, survey: Survey, role: str) -> Iterator[str]:
    """What is wrong with one parameter, a sentence or two each."""
    names = [value] if isinstance(value, str) else list(value) if isinstance(value, (list, tuple)) else []
    names = [str(name) for name in names if name != ""]
    written = f'{parameter} = "{value}"' if isinstance(value, str) else f"{parameter} = {value!r}"
    if role not in survey.respondents:
        if isinstance(value, str) and names:
            yield (
                f"{written}: '{survey.name}' does not say the {role} of its respondents. Take everybody "
                f'({parameter} = "", or -p {parameter}= on the command line), or name the column in the parameter '
                f"respondent ({{'{role}': '<column>'}})."
            )
        return
    known = sorted(survey.respondents[role].dropna().astype("str").unique(), key=natural_order)
    offered = nearest_of_waves if role == "wave" else nearest
    for name in names:
        if name not in known:
            yield f"{written}: '{survey.name}' has no {role} '{name}'.{offered(name, known)}"
