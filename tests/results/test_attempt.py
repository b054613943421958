"""What stands where an analysis refused."""

from __future__ import annotations

import pytest

import cxkit as cx
from cxkit.errors import SurveyError
from cxkit.results.attempt import title_of
from cxkit.results.result import Result


def refused(reason="Too few people."):
    def an_analysis():
        raise cx.AnalysisError(reason)

    return cx.attempt(an_analysis)


def test_what_works_is_what_the_analysis_returns():
    survey = cx.load_survey("bfi")
    alpha = cx.attempt(cx.cronbach_alpha, survey, confidence=0.9)
    assert alpha.settings["confidence"] == 0.9
    assert alpha.frame.equals(cx.cronbach_alpha(survey, confidence=0.9).frame)


def test_a_refusal_is_false_and_says_why():
    result = refused("Fewer than five <people>.")
    assert not result
    assert str(result) == "An analysis: Not computed. Fewer than five <people>."
    assert result._repr_html_() == (
        '<p class="cx-text"><b>An analysis.</b> Not computed. Fewer than five &lt;people&gt;.</p>'
    )


def test_what_is_asked_of_a_refusal_is_not_computed_and_says_no_more():
    result = refused()
    assert result._repr_html_()
    for asked in (result.picture(), result.verdicts, result.n_factors):
        assert not asked
        assert repr(asked) == asked._repr_html_() == ""
    assert not hasattr(result, "_repr_png_")


def test_a_picture_says_why_it_is_missing_where_nothing_else_does():
    assert "Too few people." in refused().picture()._repr_html_()


def test_an_analysis_of_what_is_missing_is_not_made():
    def never(result):
        raise AssertionError(result)

    result = cx.attempt(never, result=refused())
    assert str(result) == "Never: Not computed: it rests on what is missing above (An analysis)."


@pytest.mark.parametrize("error", [SurveyError("x"), cx.OptionError("x"), KeyError("x"), TypeError("x")])
def test_other_errors_are_raised(error):
    def broken():
        raise error

    with pytest.raises(type(error)):
        cx.attempt(broken)


def test_conclusions_name_it_and_reports_leave_it_out():
    survey = cx.load_survey("bfi")
    alpha = cx.cronbach_alpha(survey)
    assert "An analysis: Not computed. Too few people." in str(cx.conclude(alpha, refused()))
    assert cx.bibliography(alpha, refused()).references == cx.bibliography(alpha).references
    told = "Not computed. An analysis: Not computed. Too few people.\n"
    assert str(cx.methods_paragraph(survey, alpha, refused())).replace(told, "") == str(
        cx.methods_paragraph(survey, alpha)
    )
    assert cx.report_standards(survey, alpha, refused()).frame.equals(cx.report_standards(survey, alpha).frame)


RETURN_NO_RESULT = {  # they make or read things, or put results together
    "attempt", "bibliography", "check_notebook", "check_notebook_names", "check_notebook_roles", "conclude",
    "dataset_card", "dataset_names", "declare", "describe_file", "load_instrument", "load_survey", "methods_paragraph",
    "one_wave", "protect_incomplete", "read_expert_ratings", "read_instrument", "read_survey", "session",
    "simulate_culture",
}  # fmt: skip
ANALYSES = [
    name
    for name in cx.__all__
    if name not in RETURN_NO_RESULT and name[0].islower() and not name.startswith("_") and callable(getattr(cx, name))
]


@pytest.mark.parametrize("name", ANALYSES)
def test_every_analysis_that_is_not_computed_has_the_title_of_its_result(name):
    analysis = getattr(cx, name)
    title = title_of(analysis)
    assert title != name.replace("_", " ").capitalize() or name in SAME_AS_ITS_NAME
    assert title in {result.title for result in all_results()}


# Whose title happens to be the function's name in words.
SAME_AS_ITS_NAME = {
    "content_validity_index", "content_validity_ratio", "convergent_validity", "criterion_validity",
    "differential_item_functioning", "discriminant_validity", "item_analysis", "measurement_invariance",
}  # fmt: skip


def all_results(parent: type = Result) -> set[type[Result]]:
    found = {one for one in parent.__subclasses__() if isinstance(getattr(one, "title", None), str)}
    return found.union(*(all_results(one) for one in parent.__subclasses__()))
