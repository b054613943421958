"""The list of sources: complete, in order, in one form, and what is cited from it is there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from unicodedata import normalize

import pytest

from cxkit.errors import AnalysisError
from cxkit.results import references
from cxkit.results.references import bibliography, cite, reference

FOLDER = Path(references.__file__).parent
LISTED = tomllib.loads((FOLDER / "references.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("key", LISTED)
class TestEveryReference:
    def test_its_key_is_author_and_year_of_both_forms(self, key):
        author, year = re.fullmatch(r"([a-z]+)(\d{4})[a-z]?", key).groups()
        source = reference(key)
        assert source.key == key
        assert re.fullmatch(rf"[^\d]+ {year}[a-z]?", source.short)
        assert f"({year})" in source.full or re.search(rf"\({year}[a-z]?\)", source.full)
        letters = re.sub(r"[^a-z]", "", normalize("NFKD", source.full).casefold().split(",")[0])  # ö is o
        assert letters.endswith(author) or letters.startswith(author)

    def test_short_names_as_many_authors_as_there_are(self, key):
        source = reference(key)
        authors = source.full.split(" (")[0]
        count = len(re.findall(r"[^\W\d]{2,}[^,&]*, (?:[A-Z]\.|\w+-)", authors))
        if count > 2:
            assert " et al. " in source.short
        elif count == 2:
            assert " & " in source.short
        else:
            assert "&" not in source.short
            assert "et al." not in source.short

    def test_full_is_a_sentence_and_the_doi_a_doi(self, key):
        source = reference(key)
        assert source.full.endswith(".")
        assert "  " not in source.full
        assert source.full == source.full.strip()
        assert not source.doi or re.fullmatch(r"10\.\d{4,}/\S+", source.doi)
        assert set(LISTED[key]) <= {"short", "full", "doi"}


def test_the_list_is_in_alphabetical_order():
    assert list(LISTED) == sorted(LISTED)
    assert len({entry["full"] for entry in LISTED.values()}) == len(LISTED)


def test_an_unknown_key():
    with pytest.raises(AnalysisError) as refused:
        reference("cronbach1915")
    assert str(refused.value) == "There is no reference 'cronbach1915'. Did you mean 'cronbach1951'?"


def test_the_forms_of_one_source():
    assert cite("feldt1987") == "Feldt et al. 1987"
    assert str(reference("feldt1987")) == (
        "Feldt, L. S., Woodruff, D. J., & Salih, F. A. (1987). Statistical inference for coefficient alpha. Applied "
        "Psychological Measurement, 11(1), 93-103. https://doi.org/10.1177/014662168701100107"
    )
    assert str(reference("cohen1988")) == LISTED["cohen1988"]["full"]


class TestBibliography:
    class Cited:
        references = ("welch1947", "cohen1988")

    def test_each_source_once_in_alphabetical_order(self):
        listed = bibliography("welch1947", self.Cited(), "bartlett1951")
        assert [source.key for source in listed.references] == ["bartlett1951", "cohen1988", "welch1947"]
        assert str(listed) == repr(listed) == "\n".join(str(reference(s.key)) for s in listed.references)

    def test_html_is_escaped_and_links(self):
        page = bibliography("welch1947", "cohen1988")._repr_html_()
        assert page.startswith('<ul class="cx-references"><li>Cohen, J. (1988).')
        assert page.count("<li>") == 2
        assert '<a href="https://doi.org/10.1093/biomet/34.1-2.28">doi:10.1093/biomet/34.1-2.28</a>' in page
        assert "&#x27;Student&#x27;s&#x27;" in page

    def test_unknown(self):
        with pytest.raises(AnalysisError, match="There is no reference 'nobody'"):
            bibliography("nobody")


def test_every_reference_cited_in_the_package_exists():
    cited = set()
    for path in (FOLDER.parent).rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for match in re.findall(r"cites: ClassVar\[tuple\[str, \.\.\.\]\] = \(([^)]*)\)|source=\"(\w+)\"", text):
            cited |= set(re.findall(r'"(\w+)"', match[0])) | ({match[1]} - {""})
    assert cited
    assert cited <= set(LISTED)
