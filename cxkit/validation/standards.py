"""What readers of a validation study want to know: topics of two reporting standards, in our own words, as data.

JARS-Quant is the American Psychological Association's list for quantitative studies (Appelbaum et al. 2018); COSMIN
names the properties that an instrument is asked for (Mokkink et al. 2018). Neither list is quoted here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

JARS, COSMIN = "JARS-Quant", "COSMIN"
SOURCES: Mapping[str, str] = {JARS: "appelbaum2018", COSMIN: "mokkink2018"}


@dataclass(frozen=True, kw_only=True)
class Topic:
    """One topic: which results cover it, and what to do where none does.

    `kinds` are the names of result classes, of which one is enough; where `also` names some, one of those must be there
    as well. A topic without them is filled from the survey itself. `reflective` topics do not apply to instruments
    whose dimensions are all formative; `each` topics are there for the dimensions that the results have a row for.
    """

    key: str
    standard: str
    title: str
    remedy: str
    kinds: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    reflective: bool = False
    each: bool = False


RELIABILITY = ("Reliability", "Omega", "HierarchicalOmega", "SplitHalf", "OrdinalReliability", "StratifiedAlpha")
STRUCTURE = ("Structure", "StructureComparison")

TOPICS: tuple[Topic, ...] = (
    Topic(
        key="population", standard=JARS, title="Who took part, where and when",
        remedy="Describe population and period when reading the survey: about=About(population=..., period=...); of a "
        'notebook, in its parameter reading: {"about": {"population": "...", "period": "..."}}.',
    ),
    Topic(
        key="selection", standard=JARS, title="How respondents came to take part",
        remedy="Describe it when reading the survey: about=About(selection=...); of a notebook, in its parameter "
        'reading: {"about": {"selection": "..."}}.',
    ),
    Topic(
        key="numbers", standard=JARS, title="How many respondents each result rests on",
        remedy="Give at least one result to report on.",
    ),
    Topic(
        key="same_answers", standard=JARS, title="All results rest on the same answers",
        remedy="Compute every result from this survey; the notes name those that rest on other answers.",
    ),
    Topic(
        key="missing", standard=JARS, title="Answers that are missing: how many, and whether at random",
        remedy="Add missing_pattern(survey) and little_mcar(survey).", kinds=("MissingPattern",),
        also=("LittleTest",),
    ),
    Topic(
        key="treatment", standard=JARS, title="How missing answers were treated",
        remedy="Add an analysis with the option missing=, or say in words who was left out.",
    ),
    Topic(
        key="weights", standard=JARS, title="Weights: by which column, and which analyses honour them",
        remedy="Compute results from the survey with its weights, or say why every respondent counts alike.",
    ),
    Topic(
        key="screening", standard=JARS, title="Careless answers: how looked for, and what leaving them out does",
        remedy="Add screen_respondents(survey) and exclusion_effect(...).", kinds=("Screening",),
        also=("ExclusionEffect",),
    ),
    Topic(
        key="instrument", standard=JARS, title="The instrument: origin, items, answer scale, version",
        remedy="Complete the instrument's file: citation, scale.",
    ),
    Topic(
        key="descriptives", standard=JARS, title="Distribution of the answers",
        remedy="Add item_analysis(survey).", kinds=("ItemAnalysis", "AnswerDistribution"),
    ),
    Topic(
        key="reliability", standard=JARS, title="Reliability of the scores among these respondents",
        remedy="Add cronbach_alpha(survey) or omega(survey).", kinds=RELIABILITY, reflective=True, each=True,
    ),
    Topic(
        key="validity", standard=JARS, title="Evidence for the meaning of the scores among these respondents",
        remedy="Add confirm_structure(survey).", reflective=True,
        kinds=(*STRUCTURE, "FactorSolution", "ConvergentValidity", "DiscriminantValidity", "CriterionValidity"),
    ),
    Topic(
        key="alternatives", standard=JARS, title="Competing models, with the rule for choosing",
        remedy="Add compare_structures(survey).", kinds=("StructureComparison",), reflective=True,
    ),
    Topic(
        key="misfit", standard=JARS, title="Where the model does not fit",
        remedy="Add confirm_structure(survey).misfit.", kinds=("Misfit",), reflective=True,
    ),
    Topic(
        key="uncertainty", standard=JARS, title="How sure one can be: intervals",
        remedy="Add a result with intervals, such as cronbach_alpha(survey).",
    ),
    Topic(
        key="seed", standard=JARS, title="Seeds of random numbers",
        remedy="Name the seed of every resampling: seed=....",
    ),
    Topic(
        key="content", standard=COSMIN, title="Content: experts or respondents found the items fitting and complete",
        remedy="Ask experts, and add content_validity_index(ratings) or content_validity_ratio(ratings).",
        kinds=("ContentValidityIndex", "ContentValidityRatio", "SubstantiveValidity"),
    ),
    Topic(
        key="structure", standard=COSMIN, title="Structure: the items form the dimensions they are scored on",
        remedy="Add confirm_structure(survey).", kinds=STRUCTURE, reflective=True,
    ),
    Topic(
        key="consistency", standard=COSMIN, title="Internal consistency, of dimensions whose structure was tested",
        remedy="Add confirm_structure(survey) and omega(survey) or cronbach_alpha(survey).", kinds=RELIABILITY,
        also=STRUCTURE, reflective=True, each=True,
    ),
    Topic(
        key="invariance", standard=COSMIN, title="The same meaning in different groups",
        remedy="Add measurement_invariance(survey, by=...) or differential_item_functioning(survey, by=...).",
        kinds=("Invariance", "ItemFunctioning"), reflective=True,
    ),
    Topic(
        key="stability", standard=COSMIN, title="The same scores when asked again, or from several raters",
        remedy="Ask some respondents twice, and add retest_reliability(...).",
        kinds=("RetestReliability", "RaterReliability"),
    ),
    Topic(
        key="error", standard=COSMIN, title="How much a score may be off, in its own units",
        remedy="Add measurement_error(survey).", kinds=("MeasurementError",), reflective=True,
        each=True,
    ),
    Topic(
        key="criterion", standard=COSMIN, title="Agreement with an outside criterion",
        remedy="Add criterion_validity(survey, criterion=...).", kinds=("CriterionValidity",),
    ),
    Topic(
        key="hypotheses", standard=COSMIN, title="Relations with other dimensions as expected",
        remedy="Add convergent_validity(survey) and discriminant_validity(survey).",
        kinds=("ConvergentValidity",), also=("DiscriminantValidity",), reflective=True,
    ),
    Topic(
        key="responsiveness", standard=COSMIN, title="Sensitivity to change",
        remedy="Ask before and after something that should change the scores; say so as a limitation until then.",
    ),
)  # fmt: skip
