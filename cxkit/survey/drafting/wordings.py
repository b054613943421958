"""The usual words of answer scales, from the lowest answer to the highest: they tell the order of a file's labels.

Words of one place are the same answer in other words. A scale of a file need not have all places, but its words must
stand in one row here, each in its own place.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from cxkit.survey.labels import fold_label

ROWS: tuple[tuple[str, ...], ...] = (
    (
        "strongly disagree|completely disagree|totally disagree|disagree strongly",
        "disagree|mostly disagree",
        "somewhat disagree|slightly disagree|tend to disagree|rather disagree",
        "neither agree nor disagree|neutral|undecided|neither|neither nor|neither agree or disagree",
        "somewhat agree|slightly agree|tend to agree|rather agree",
        "agree|mostly agree",
        "strongly agree|completely agree|totally agree|agree strongly",
    ),
    ("never|not at all", "rarely|seldom|almost never", "sometimes|occasionally", "often|frequently|usually",
     "very often|almost always", "always"),
    (
        "very dissatisfied|extremely dissatisfied|completely dissatisfied|very unsatisfied",
        "dissatisfied|mostly dissatisfied|unsatisfied",
        "somewhat dissatisfied|slightly dissatisfied",
        "neither satisfied nor dissatisfied|neutral|neither",
        "somewhat satisfied|slightly satisfied",
        "satisfied|mostly satisfied",
        "very satisfied|extremely satisfied|completely satisfied",
    ),
    ("very poor|terrible", "poor|bad", "fair|average|acceptable", "good", "very good", "excellent"),
    (
        "extremely unlikely|very unlikely", "unlikely", "somewhat unlikely|slightly unlikely",
        "neither likely nor unlikely|neutral", "somewhat likely|slightly likely", "likely",
        "extremely likely|very likely",
    ),
    ("not at all important|unimportant", "slightly important|of little importance", "moderately important|important",
     "very important", "extremely important"),
    ("not at all", "slightly|a little|to a small extent", "moderately|somewhat|to some extent",
     "very|quite a bit|very much|to a large extent", "extremely|completely"),
    ("no|false", "yes|true"),
    (
        "stimme überhaupt nicht zu|stimme gar nicht zu|lehne völlig ab", "stimme nicht zu|lehne ab",
        "stimme eher nicht zu|lehne eher ab", "weder noch|neutral|teils teils|unentschieden|teils",
        "stimme eher zu", "stimme zu", "stimme voll und ganz zu|stimme voll zu|stimme völlig zu",
    ),
    ("trifft überhaupt nicht zu|trifft gar nicht zu", "trifft nicht zu", "trifft eher nicht zu",
     "teils teils|weder noch|neutral", "trifft eher zu", "trifft zu", "trifft voll und ganz zu|trifft voll zu"),
    ("nie", "selten", "manchmal|gelegentlich", "oft|häufig", "sehr oft", "immer"),
    ("sehr unzufrieden", "unzufrieden", "eher unzufrieden", "weder noch|neutral|teils teils", "eher zufrieden",
     "zufrieden", "sehr zufrieden"),
    ("nein", "ja"),
    ("pas du tout d'accord", "pas d'accord", "plutôt pas d'accord", "ni d'accord ni pas d'accord|neutre",
     "plutôt d'accord", "d'accord", "tout à fait d'accord"),
    ("jamais", "rarement", "parfois|quelquefois", "souvent", "très souvent", "toujours"),
    ("non", "oui"),
    ("totalmente en desacuerdo|muy en desacuerdo", "en desacuerdo", "algo en desacuerdo",
     "ni de acuerdo ni en desacuerdo|neutral", "algo de acuerdo", "de acuerdo", "totalmente de acuerdo|muy de acuerdo"),
    ("nunca", "rara vez|casi nunca", "a veces|algunas veces", "a menudo|frecuentemente", "casi siempre", "siempre"),
    ("completamente in disaccordo|fortemente in disaccordo", "in disaccordo", "abbastanza in disaccordo",
     "né d'accordo né in disaccordo|neutrale", "abbastanza d'accordo", "d'accordo",
     "completamente d'accordo|fortemente d'accordo"),
    ("helemaal mee oneens|zeer mee oneens", "mee oneens|oneens", "enigszins mee oneens",
     "niet mee eens niet mee oneens|neutraal", "enigszins mee eens", "mee eens|eens", "helemaal mee eens"),
    ("discordo totalmente", "discordo", "discordo parcialmente", "não concordo nem discordo|neutro",
     "concordo parcialmente", "concordo", "concordo totalmente"),
)  # fmt: skip

# Five places of a row of seven are the commonest scale: nobody can tell from a file that an answer was never offered.
_FIVE_OF_SEVEN = ((0, 1, 3, 5, 6), (0, 2, 3, 4, 6))

NO_ANSWER = frozenset(
    map(
        fold_label,
        (
            "don't know", "do not know", "not applicable", "n/a", "no answer", "no opinion", "prefer not to say",
            "prefer not to answer", "refused", "not sure", "can't say", "weiß nicht", "keine angabe", "keine antwort",
            "ne sait pas", "sans réponse", "no sabe", "no aplica", "no contesta",
        ),
    )
)  # fmt: skip
"""Words that mean "no answer", folded as labels are."""


def ordered(words: Collection[str]) -> tuple[int, list[str], bool] | None:
    """The scale that some words of a file come from; None if no row of usual words has them all.

    Returns the number of the row, the labels from the lowest answer up, and whether the file itself shows every one of
    them. A place that nobody chose is taken in where the usual scale has it.
    """
    given = {fold_label(word): word for word in words}
    for number, row in enumerate(ROWS):
        places = _places(row, given)
        if places is None:
            continue
        scale = _scale_of(set(places.values()), len(row))
        shown = {place: given[word] for word, place in places.items()}
        labels = [shown.get(place, row[place].partition("|")[0].capitalize()) for place in scale]
        return number, labels, len(shown) == len(scale)
    return None


def _places(row: tuple[str, ...], given: Mapping[str, str]) -> dict[str, int] | None:
    """Word to its place in the row; None where a word is not in it, or two share a place."""
    known: dict[str, int] = {}
    for place, words in enumerate(row):
        for word in words.split("|"):
            known[fold_label(word)] = place
    places: dict[str, int] = {}
    for word in given:
        if word not in known or known[word] in places.values():
            return None
        places[word] = known[word]
    return places if len(places) > 1 else None


def _scale_of(places: set[int], length: int) -> list[int]:
    """The places that the answers were offered from: five of seven if these are enough, else as many as there are."""
    if length == 7:
        for five in _FIVE_OF_SEVEN:
            if places <= set(five):
                return list(five)
    if length in (5, 2) or len(places) < 3:
        return list(range(length))
    return list(range(length)) if length == 7 else sorted(places)
