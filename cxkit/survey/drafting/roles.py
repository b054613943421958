"""Which columns may describe the respondents: by their names, in some languages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cxkit.survey.drafting.column import Column
from cxkit.survey.labels import fold_label
from cxkit.survey.wave_order import in_time

LEAST_A_GROUP = 4
"""Names that fewer people share on average make no groups that could be compared."""
_NAMES = {
    "level": r"level|position|role|seniority|grade|rank|stellung|\w*führungs(?:kraft|ebene|position)|hierarchie\w*|"
    r"niveau|poste|cargo|puesto|nivel|hierarchy",
    "function": r"departments?|function|division|discipline|area|\w*abteilung|\w*bereich|funktion|département|fonction|"
    r"departamento",
    "unit": r"unit|\w*team|branch|site|store|location|office|filiale|\w*standort|équipe|equipo|sede",
    "organisation": r"organi[sz]ation|company|firm|employer|\w*unternehmen|firma|betrieb|entreprise|empresa|azienda",
    "wave": r"wave|round|\w*welle|erhebung|survey year|vague|ola",
    "weight": r"weight|weighting|\w*gewicht(?:ung)?|wt|wgt|gew|poids|peso",
    "id": r"^(id|nr|no|number|case|person|respondent|participant|teilnehmer|lfdnr)( ?(id|nr|no|number|code))?$",
}  # fmt: skip
_ASKS = re.compile(
    r"\?\s*$|^(?:in |at |to |what|which|where|who|please|select|choose|welche|wo\b|was\b|bitte|quel|dans |où|cuál|qué|"
    r"en qué|en cuál)"
)
"""A question may be a sentence; whatever else is longer than a name states something."""
_OF_HOW_MUCH = re.compile(
    r"^(?:how (?!would you describe)|what do you|since|seit|wie (?:lang|viel|oft|sehr|gut)|was (?:halten|denken)|"
    r"depuis|cu[aá]nt|comb)"
)
_YES_OR_NO = re.compile(
    r"^(?:is|are|am|do|does|did|has|have|would|will|can|could|ist|sind|hat|haben|est|sont|avez|êtes|es|está)\b"
)
"""Such a question asks for an opinion or a fact; whether somebody is a manager is one that tells a level."""
_FILLING = frozenset(
    (
        "your", "the", "a", "my", "our", "this", "current", "present", "job", "work", "working", "management",
        "business", "organisational", "professional", "name", "title", "code", "id", "nr", "no", "number", "type",
        "category", "group", "of", "in", "at", "within", "and", "or", "ihr", "ihre", "ihrer", "ihrem", "die", "der",
        "das", "mein", "meine", "derzeitige", "aktuelle", "berufliche", "bezeichnung", "votre", "le", "la", "les", "l",
        "mon", "ma", "actuel", "actuelle", "nom", "su", "tu", "el", "mi", "actual", "nombre",
    )
)  # fmt: skip
"""Words beside that of a role which leave it a name."""
_LEVELS = (
    "staff|employee|employees|individual contributor|associate|worker|mitarbeiter|mitarbeiterin|mitarbeitende|"
    "mitarbeiter in|mitarbeiter innen|mitarbeitende r|sachbearbeitung|employé|employée|employé e|empleado|"
    "non manager|no",
    "team leader|team lead|supervisor|teamleiter|teamleiterin|teamleitung|teamleiter in|gruppenleitung|"
    "first line manager|junior manager|chef d équipe",
    "manager|managers|middle manager|middle management|head|head of department|leader|abteilungsleiter|"
    "abteilungsleiterin|abteilungsleitung|abteilungsleiter in|führungskraft|cadre|yes",
    "senior manager|senior management|director|directors|bereichsleiter|bereichsleiterin|bereichsleitung|"
    "bereichsleiter in|direction",
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
    different = column.filled.nunique()
    for role, pattern in _NAMES.items():
        if role == "id":
            fits = different == len(column.filled) > 1 and bool(re.search(pattern, column.name.casefold().strip()))
        elif not any(_names_role(words, role) for words in (column.name, column.question.text)):
            continue
        elif role == "weight":
            fits = bool(column.filled.str.fullmatch(r"\d*[.,]?\d+").all())
        else:
            fits = 1 < different <= len(column.filled) / LEAST_A_GROUP
        if fits and len(column.filled):
            return role
    return ""


def _names_role(words: str, role: str) -> bool:
    """Whether words name a role or ask for it; a statement with the same word in it does neither.

    Before the word of a role may stand one other, as in "Sales department"; behind it, none.
    """
    text = " ".join(re.sub(r"[_’']", " ", words.casefold()).split())
    every = re.compile(rf"(?<!\w)(?:{_NAMES[role]})(?!\w)")
    found = every.search(text)
    if found is None or _OF_HOW_MUCH.match(text) or (role != "level" and _YES_OR_NO.match(text)):
        return False
    if _ASKS.search(text):
        return True
    before = _further_words(text[: found.start()])
    behind = _further_words(every.sub(" ", re.sub(r"\(.*?\)", " ", text[found.end() :])))
    return not behind and len(before) < 2


def _further_words(text: str) -> list[str]:
    """The words that are neither articles nor the like."""
    return [word for word in re.findall(r"\w+", text) if word not in _FILLING and not word.isdigit()]


def _asked(role: str, columns: list[Column]) -> Role:
    column, others = columns[0], [other.name for other in columns[1:]]
    order: tuple[str, ...] = ()
    if role == "level":
        order, how = _by_rank(column)
        ask = f"Is this the level, and is the order from lowest to highest?{how}"
    elif role == "wave":
        order = tuple(in_time(sorted(_group_names(column, column.words))) or ())
        ask = "Is this the wave, and is the order that of time?"
    else:
        ask = f"Is this the {role}?"
    if others:
        ask += f" It could also be {', '.join(others)}."
    return Role(role=role, column=column, order=order, check=ask)


def _group_names(column: Column, cells: Iterable[str]) -> list[str]:
    """The names of groups, by the labels of the file where it has any."""
    labels = column.question.labels
    return list(dict.fromkeys(labels.get(cell, cell) for cell in cells))


def _by_rank(column: Column) -> tuple[tuple[str, ...], str]:
    """The names from the lowest level up where all are usual ones, and else a sentence on the order that they have."""
    names = _group_names(column, column.words)
    ranks = {}
    for rank, words in enumerate(_LEVELS):
        for word in words.split("|"):
            ranks[fold_label(word)] = rank
    folded = [ranks.get(fold_label(name), -1) for name in names]
    if min(folded) >= 0 and len(set(folded)) == len(folded):
        return tuple(name for _, name in sorted(zip(folded, names, strict=True))), ""
    listed = " Not all names are usual ones, each of its own rank: the order here is that of the "
    if column.question.labels and all(word.lstrip("-").isdigit() for word in column.words):
        return tuple(_group_names(column, sorted(column.words, key=int))), f"{listed}file's numbers."
    return tuple(sorted(names)), f"{listed}alphabet."
