"""Which columns may describe the respondents: by their names, in some languages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cxkit.survey.drafting.column import Column
from cxkit.survey.labels import fold_label
from cxkit.survey.wave_order import in_time

LEAST_A_GROUP = 4
"""Names that fewer people share on average make no groups that could be compared."""
_NAMES = {
    "level": r"\b(job|management|hierarchy|seniority)? ?(level|position|role|seniority|grade|rank)\b|stellung|position|"
    r"führungs(kraft|ebene)|hierarchie|niveau|poste|cargo|puesto|nivel",
    "function": r"department|function|division|discipline|\barea\b|abteilung|bereich|funktion|département|fonction|"
    r"departamento",
    "unit": r"\b(business )?unit\b|\bteam\b|branch|\bsite\b|store|location|office|filiale|standort|équipe|equipo|sede",
    "organisation": r"organi[sz]ation|company|\bfirm\b|employer|unternehmen|firma|betrieb|entreprise|empresa|azienda",
    "wave": r"\bwave\b|\bround\b|welle|erhebung|survey year|vague|\bola\b",
    "weight": r"\bweight\b|weighting|gewicht|\bwt\b|\bwgt\b|poids|\bpeso\b",
    "id": r"^(id|nr|no|number|case|person|respondent|participant|teilnehmer|lfdnr)( ?(id|nr|no|number|code))?$",
}  # fmt: skip
_LEVELS = (
    "staff|employee|employees|individual contributor|associate|worker|mitarbeiter|mitarbeiterin|mitarbeitende|employé|"
    "empleado|non manager|no",
    "team leader|team lead|supervisor|teamleiter|teamleitung|first line manager|junior manager",
    "manager|managers|middle manager|middle management|head|head of department|leader|abteilungsleiter|"
    "abteilungsleitung|führungskraft|yes",
    "senior manager|senior management|director|directors|bereichsleiter|bereichsleitung",
    "executive|executives|c level|vp|vice president|top management|ceo|geschäftsführung|vorstand|board",
)


@dataclass(frozen=True, kw_only=True)
class Role:
    """A column that may describe the respondents, the order of its names where it can be told, and what to ask."""

    role: str
    column: Column
    order: tuple[str, ...] = ()
    check: str = ""


def guess_roles(columns: Sequence[Column]) -> list[Role]:
    """At most one column for each role, the first that fits; the others that fit are named in the question."""
    found: dict[str, list[Column]] = {}
    for column in columns:
        role = _role_of(column)
        if role:
            found.setdefault(role, []).append(column)
    return [_asked(role, found[role]) for role in _NAMES if role in found]


def _role_of(column: Column) -> str:
    names = " ".join((column.name, column.question.text)).casefold()
    different = column.filled.nunique()
    for role, pattern in _NAMES.items():
        if role == "id":
            fits = different == len(column.filled) > 1 and re.search(pattern, column.name.casefold().strip())
        elif role == "weight":
            fits = re.search(pattern, names) and column.filled.str.fullmatch(r"\d*[.,]?\d+").all()
        else:
            fits = re.search(pattern, names) and 1 < different <= len(column.filled) / LEAST_A_GROUP
        if fits and len(column.filled):
            return role
    return ""


def _asked(role: str, columns: list[Column]) -> Role:
    column, others = columns[0], [other.name for other in columns[1:]]
    names = column.filled.replace(dict(column.question.labels)).unique().tolist()
    order: tuple[str, ...] = ()
    if role == "level":
        order = tuple(_by_rank(names))
        ask = "Is this the level, and is the order from lowest to highest?"
    elif role == "wave":
        order = tuple(in_time(sorted(names)) or ())
        ask = "Is this the wave, and is the order that of time?"
    else:
        ask = f"Is this the {role}?"
    if others:
        ask += f" It could also be {', '.join(others)}."
    return Role(role=role, column=column, order=order, check=ask)


def _by_rank(names: list[str]) -> list[str]:
    """The names from the lowest level up where all are usual ones, else in the order of the alphabet."""
    ranks = {}
    for rank, words in enumerate(_LEVELS):
        for word in words.split("|"):
            ranks[fold_label(word)] = rank
    folded = [ranks.get(fold_label(name), -1) for name in names]
    if min(folded) < 0 or len(set(folded)) < len(folded):
        return sorted(names)
    return [name for _, name in sorted(zip(folded, names, strict=True))]
