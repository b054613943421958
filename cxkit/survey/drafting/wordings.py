"""The usual words of answer scales, from the lowest answer to the highest: they tell the order of a file's labels.

Words of one place are the same answer in other words. A scale of a file need not have all places, but its words must
stand in one row here, each in its own place.
"""

from __future__ import annotations

import re

from cxkit.survey.labels import fold_label

QUALITY = ("very poor|terrible", "poor|bad", "fair|average|acceptable", "good", "very good", "excellent")
FROM_NO_TO_YES = (
    ("no", "rather no|probably not", "undecided|maybe", "rather yes|probably", "yes"),
    ("nein", "eher nein", "teils teils|unentschieden", "eher ja", "ja"),
    ("non", "plutôt non", "peut être", "plutôt oui", "oui"),
)
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
    QUALITY,
    (
        "extremely unlikely|very unlikely", "unlikely", "somewhat unlikely|slightly unlikely",
        "neither likely nor unlikely|neutral", "somewhat likely|slightly likely", "likely",
        "extremely likely|very likely",
    ),
    ("not at all important|unimportant", "slightly important|of little importance", "moderately important|important",
     "very important", "extremely important"),
    ("not at all", "slightly|a little|to a small extent", "moderately|somewhat|to some extent",
     "very|quite a bit|very much|to a large extent", "extremely|completely"),
    ("none at all|nothing at all", "a little", "a moderate amount", "a lot", "a great deal"),
    ("never", "sometimes", "about half the time", "most of the time", "always"),
    ("not at all satisfied", "not so satisfied|slightly satisfied", "somewhat satisfied|moderately satisfied",
     "very satisfied", "extremely satisfied|completely satisfied"),
    ("not at all likely", "not so likely|slightly likely", "somewhat likely|moderately likely", "very likely",
     "extremely likely"),
    ("very difficult|extremely difficult", "difficult", "somewhat difficult|slightly difficult",
     "neither easy nor difficult|neutral", "somewhat easy|slightly easy", "easy", "very easy|extremely easy"),
    ("much worse", "worse", "somewhat worse|slightly worse", "about the same|the same|no change",
     "somewhat better|slightly better", "better", "much better"),
    ("no|false", "yes|true"),
    (
        "stimme überhaupt nicht zu|stimme gar nicht zu|lehne völlig ab", "stimme nicht zu|lehne ab",
        "stimme eher nicht zu|lehne eher ab", "weder noch|neutral|teils teils|unentschieden|teils",
        "stimme eher zu", "stimme zu", "stimme voll und ganz zu|stimme voll zu|stimme völlig zu",
    ),
    ("trifft überhaupt nicht zu|trifft gar nicht zu", "trifft nicht zu", "trifft eher nicht zu",
     "teils teils|weder noch|neutral", "trifft eher zu", "trifft zu", "trifft voll und ganz zu|trifft voll zu"),
    ("nie", "selten", "manchmal|gelegentlich", "oft|häufig", "sehr oft|sehr häufig", "immer"),
    ("sehr unzufrieden|überhaupt nicht zufrieden", "unzufrieden|nicht zufrieden",
     "eher unzufrieden|eher nicht zufrieden", "weder noch|neutral|teils teils", "eher zufrieden", "zufrieden",
     "sehr zufrieden|völlig zufrieden"),
    ("sehr schlecht", "schlecht", "eher schlecht", "mittelmässig|mittel|durchschnittlich", "eher gut", "gut",
     "sehr gut"),
    ("unwichtig|überhaupt nicht wichtig|gar nicht wichtig", "eher unwichtig|weniger wichtig",
     "teils teils|mittelmäßig wichtig", "eher wichtig|wichtig", "sehr wichtig"),
    ("überhaupt nicht|gar nicht", "kaum|wenig", "mittelmässig|mittel|teilweise", "ziemlich|überwiegend",
     "ausserordentlich|sehr|völlig"),
    ("nein", "ja"),
    ("pas du tout d'accord", "pas d'accord", "plutôt pas d'accord", "ni d'accord ni pas d'accord|neutre",
     "plutôt d'accord", "d'accord", "tout à fait d'accord"),
    ("jamais", "rarement", "parfois|quelquefois", "souvent", "très souvent", "toujours"),
    ("très insatisfait|pas du tout satisfait", "insatisfait|pas satisfait", "plutôt insatisfait|plutôt pas satisfait",
     "ni satisfait ni insatisfait|neutre", "plutôt satisfait", "satisfait", "très satisfait|tout à fait satisfait"),
    ("non", "oui"),
    ("totalmente en desacuerdo|muy en desacuerdo", "en desacuerdo", "algo en desacuerdo",
     "ni de acuerdo ni en desacuerdo|neutral", "algo de acuerdo", "de acuerdo", "totalmente de acuerdo|muy de acuerdo"),
    ("nunca", "rara vez|casi nunca", "a veces|algunas veces", "a menudo|frecuentemente", "casi siempre", "siempre"),
    ("completamente in disaccordo|fortemente in disaccordo", "in disaccordo", "abbastanza in disaccordo",
     "né d'accordo né in disaccordo|neutrale", "abbastanza d'accordo", "d'accordo",
     "completamente d'accordo|fortemente d'accordo"),
    ("helemaal mee oneens|zeer mee oneens", "mee oneens|oneens", "enigszins mee oneens",
     "niet mee eens niet mee oneens|neutraal", "enigszins mee eens", "mee eens|eens", "helemaal mee eens"),
    ("非常不同意|完全不同意|很不同意", "不同意", "比较不同意|有点不同意", "一般|中立|不确定", "比较同意|有点同意",
     "同意", "非常同意|完全同意|很同意"),
    ("非常不满意|很不满意", "不满意", "比较不满意", "一般|中立", "比较满意", "满意", "非常满意|很满意"),
    (
        "全くそう思わない|まったくそう思わない", "そう思わない", "あまりそう思わない",
        "どちらとも言えない|どちらともいえない", "ややそう思う", "そう思う", "非常にそう思う|とてもそう思う",
    ),
    ("discordo totalmente", "discordo", "discordo parcialmente", "não concordo nem discordo|neutro",
     "concordo parcialmente", "concordo", "concordo totalmente"),
    *FROM_NO_TO_YES,
)  # fmt: skip

_NO_ANSWER = (
    "don't know", "do not know", "i don't know", "i do not know", "dont know", "dk", "unknown", "not applicable",
    "does not apply", "doesn't apply", "not relevant", "n/a", "no answer", "not answered", "skipped", "no response",
    "no opinion", "no view", "prefer not to say", "prefer not to answer", "rather not say", "refused", "not sure",
    "unsure", "can't say", "cannot say", "can't judge", "cannot judge", "unable to judge", "can't rate",
    "weiß nicht", "ich weiß nicht", "weiß ich nicht", "keine angabe", "keine angaben", "k. a.", "ka", "keine antwort",
    "nicht beantwortet", "keine meinung", "kann ich nicht beurteilen", "kann ich nicht sagen", "nicht beurteilbar",
    "nicht zutreffend", "betrifft mich nicht", "entfällt", "möchte ich nicht sagen",
    "ne sait pas", "ne sais pas", "je ne sais pas", "nsp", "ne se prononce pas", "sans réponse", "pas de réponse",
    "sans opinion", "sans avis", "pas d'avis", "non concerné", "non concerné(e)", "non applicable", "sans objet",
    "no sabe", "no sé", "no lo sé", "no aplica", "no contesta", "sin respuesta", "sin opinión", "ns nc", "non so",
    "non risponde", "nessuna risposta", "weet niet", "geen antwoord", "geen mening", "niet van toepassing", "não sei",
    "não se aplica", "sem resposta", "不知道", "不适用", "不清楚", "跳过", "わからない", "分からない", "無回答",
)  # fmt: skip
NO_ANSWER = frozenset(map(fold_label, _NO_ANSWER))
"""Words that mean "no answer", folded as labels are."""
_BETWEEN = re.compile(r"[/|;,()]|\bor\b|\boder\b|\bou\b|\bo\b")


def is_no_answer(words: str) -> bool:
    """Whether words mean "no answer", one way or several: "weiß nicht / keine Angabe"."""
    if fold_label(words) in NO_ANSWER:
        return True
    parts = []
    for part in _BETWEEN.split(words.casefold()):
        if part.strip():
            parts.append(fold_label(part))
    return bool(parts) and NO_ANSWER.issuperset(parts)
