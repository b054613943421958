"""cxkit: customer-culture measurement in Jupyter, with an honest word on how sure one can be.

    import cxkit as cx

    survey = cx.load_survey("culture_synthetic")
    cx.cronbach_alpha(survey)

Importing cxkit does no work: each name is loaded, with the libraries behind it, when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from cxkit import factor_analyzer_guard

__version__ = "0.1.0"

_HOMES = {
    "cxkit.errors": (
        "AnalysisError", "AssignmentError", "CxkitError", "CxkitWarning", "InstrumentError", "MarkingError",
        "ModelError", "NotebookError", "OptionError", "SurveyError",
    ),
    "cxkit.allowed": ("check_notebook",),
    "cxkit.survey.instrument": ("Instrument",),
    "cxkit.survey.instrument_file": ("read_instrument",),
    "cxkit.survey.survey": ("About", "Survey"),
    "cxkit.survey.named_in_notebook": ("check_notebook_names", "check_notebook_roles"),
    "cxkit.survey.partial_answers": ("protect_incomplete",),
    "cxkit.survey.waves": ("one_wave",),
    "cxkit.survey.reading": ("read_survey",),
    "cxkit.survey.drafting.describe": ("describe_file",),
    "cxkit.survey.datasets": ("dataset_card", "dataset_names", "load_survey"),
    "cxkit.survey.shipped_instruments": ("load_instrument",),
    "cxkit.survey.simulate": ("simulate_culture",),
    "cxkit.results.attempt": ("NotComputed", "attempt"),
    "cxkit.results.conclusion": ("conclude",),
    "cxkit.results.declared": ("declare",),
    "cxkit.results.references": ("bibliography",),
    "cxkit.results.session": ("session",),
    "cxkit.validation.screening.respondents": ("screen_respondents",),
    "cxkit.validation.screening.exclusion": ("exclusion_effect",),
    "cxkit.validation.screening.missingness": ("missing_pattern",),
    "cxkit.validation.screening.little": ("little_mcar",),
    "cxkit.validation.items.analysis": ("item_analysis",),
    "cxkit.validation.items.distribution": ("answer_distribution",),
    "cxkit.validation.items.scores": ("score_distribution",),
    "cxkit.validation.reliability.alpha": ("cronbach_alpha",),
    "cxkit.validation.reliability.omega": ("omega",),
    "cxkit.validation.reliability.hierarchical_omega": ("hierarchical_omega",),
    "cxkit.validation.reliability.ordinal": ("ordinal_reliability",),
    "cxkit.validation.reliability.split_half": ("split_half",),
    "cxkit.validation.reliability.total_score": ("stratified_alpha",),
    "cxkit.validation.reliability.raters": ("rater_reliability",),
    "cxkit.validation.reliability.retest": ("retest_reliability",),
    "cxkit.validation.reliability.measurement_error": ("measurement_error",),
    "cxkit.validation.factors.adequacy": ("sampling_adequacy",),
    "cxkit.validation.factors.parallel": ("parallel_analysis",),
    "cxkit.validation.factors.average_partial": ("minimum_average_partial",),
    "cxkit.validation.factors.number_of_factors": ("number_of_factors",),
    "cxkit.validation.factors.exploratory": ("exploratory_factors",),
    "cxkit.validation.structure.confirmatory": ("confirm_structure", "find_misfit"),
    "cxkit.validation.structure.comparison": ("compare_structures",),
    "cxkit.validation.validity.convergent": ("convergent_validity",),
    "cxkit.validation.validity.discriminant": ("discriminant_validity",),
    "cxkit.validation.validity.common_method": ("common_method",),
    "cxkit.validation.validity.criterion": ("criterion_validity",),
    "cxkit.validation.invariance.measurement": ("measurement_invariance",),
    "cxkit.validation.invariance.dif": ("differential_item_functioning",),
    "cxkit.validation.content.experts": ("ExpertRatings", "read_expert_ratings"),
    "cxkit.validation.content.indices": ("content_validity_index", "content_validity_ratio"),
    "cxkit.validation.content.item_sort": ("substantive_validity",),
    "cxkit.validation.content.coders": ("coder_agreement",),
    "cxkit.validation.content.formative": ("formative_profile",),
    "cxkit.validation.methods": ("methods_paragraph",),
    "cxkit.validation.reporting": ("report_standards",),
    "cxkit.benchmarking.scores": ("dimension_scores",),
    "cxkit.benchmarking.norms": ("build_norm",),
    "cxkit.benchmarking.percentiles": ("percentile_benchmark",),
    "cxkit.gaps.agreement": ("within_group_agreement",),
    "cxkit.gaps.group_reliability": ("group_reliability",),
    "cxkit.gaps.groups": ("group_profile",),
    "cxkit.gaps.levels": ("level_gap",),
}  # fmt: skip
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = ["__version__", *sorted(_HOME_OF)]  # noqa: PLE0604 - the names are strings from the table above


factor_analyzer_guard.install()  # imports nothing of it


def __getattr__(name: str) -> Any:
    """Load a public name, or one of the packages, on first use."""
    if name in _HOME_OF:
        value = getattr(import_module(_HOME_OF[name]), name)
        globals()[name] = value
        return value
    if name in ("sem",):
        return import_module(f"cxkit.{name}")
    raise AttributeError(f"module 'cxkit' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME_OF])
