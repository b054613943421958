"""Names that a wrong encoding changed are said, whatever program did it; nothing is guessed in silence."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxkit.errors import CxkitWarning, SurveyError
from cxkit.survey.wrong_encoding import eastern_readings, unmangled
from tests.survey.test_rows import instrument, read, write

TWO = instrument(items=2)
ROLES = {"id": "id", "unit": "unit"}
UNITS = ["Größe", "Müller", "Vertrieb"]
NAMES = ["Größe", "Müller", "Ångström", "Ålesund", "Łódź", "İşletme", "Отдел", "Ψυχή", "営業部", "“Lab”", "naïve"]


def body(units):
    rows = [f"r{n:03},{n % 5 + 1},{n % 4 + 2},{units[n % len(units)]}" for n in range(30)]
    return "id,i1,i2,unit\n" + "\n".join(rows) + "\n"


def mangle(name, codec):
    """UTF-8 opened in another encoding; bytes without a sign become control signs, as browsers have it."""
    return "".join(
        bytes([byte]).decode(codec, errors="ignore") or chr(byte) for byte in name.encode("utf-8")
    )  # fmt: skip


@pytest.mark.parametrize("codec", ["cp1252", "mac_roman"])
@pytest.mark.parametrize("name", NAMES)
def test_what_was_meant_is_found_and_a_right_name_is_left(name, codec):
    assert unmangled(mangle(name, codec)) == name
    assert unmangled(name) == name


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(min_codepoint=0xC0, max_codepoint=0x17F, categories=["Lu", "Ll"]), min_size=1))
def test_no_name_of_latin_letters_is_taken_for_a_mangled_one(name):
    assert unmangled(name) == name


def said(path, **options):
    with pytest.warns(CxkitWarning) as warned:
        survey = read(path, TWO, ROLES, **options)
    return survey, " ".join(str(warning.message) for warning in warned)


def test_a_mangled_department_beside_the_right_one_is_a_warning_and_a_note(tmp_path):
    survey, words = said(write(tmp_path, body(["Größe", "GrÃ¶ÃŸe", "Lab"])))
    note = (
        "The unit has 1 name in a wrong encoding: 'GrÃ¶ÃŸe' (meant: 'Größe'). They count as they stand, apart from "
        "'Größe'. Export the file again as UTF-8; if you named an encoding, leave it out."
    )
    assert note in words
    assert note in survey.notes
    assert survey.role("unit").nunique() == 3


def test_a_wrong_encoding_that_the_caller_named_is_said(tmp_path):
    assert "(meant: 'Müller')" in said(write(tmp_path, body(UNITS)), encoding="cp1252")[1]


def test_lost_letters_are_said(tmp_path):
    assert "2 names with lost letters (U+FFFD): 'Gr\ufffd\ufffde', 'M\ufffdller'" in said(
        write(tmp_path, body(["Gr\ufffd\ufffde", "M\ufffdller", "Lab"]))
    )[1]  # fmt: skip


def test_names_of_people_are_not_quoted(tmp_path):
    survey, words = said(write(tmp_path, body(["Lab"]).replace("r003", "JosÃ©")))
    assert "The id has 1 name in a wrong encoding. They count" in words
    assert "José" not in " ".join([words, *survey.notes])


@pytest.mark.parametrize(
    ("codec", "units", "offered"),
    [
        ("mac_roman", UNITS, "encoding='mac_roman' ('Größe')."),
        ("cp1254", ["İşletme", "Müller"], "'cp1254' ('İşletme')"),
        ("cp1250", ["Środek", "Müller"], "encoding='cp1250' ('Środek')."),
        ("cp1251", ["Отдел", "Мир"], "'cp1251' ('Отдел')"),
    ],
)
def test_another_encoding_is_offered_with_what_it_would_read(tmp_path, codec, units, offered):
    path = write(tmp_path, body(units).encode(codec))
    survey, words = said(path)
    assert offered in words
    assert offered.rstrip(".") in " ".join(survey.notes)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert set(read(path, TWO, ROLES, encoding=codec).role("unit")) == set(units)


@pytest.mark.parametrize("units", [UNITS, ["José", "L’été"], ["“Küche” – Büro"]])
def test_windows_latin_1_itself_is_offered_nothing_else(tmp_path, units):
    _, words = said(write(tmp_path, body(units).encode("cp1252")))
    assert "If they are wrong" not in words


def test_a_word_of_few_people_is_not_quoted(tmp_path):
    _, words = said(write(tmp_path, body(["Lab"]).replace("r003", "Środek").encode("cp1250")))
    assert "encoding='cp1250' or " in words
    assert "rodek" not in words


def test_bytes_that_windows_latin_1_does_not_have_are_refused(tmp_path):
    """0x81 is ü in DOS, and 0x90 É: both were read as one sign, and two names could become one."""
    path = write(tmp_path, body(UNITS).encode("cp850"))
    with pytest.raises(
        SurveyError, match=r"neither UTF-8 nor Windows Latin-1: byte 0x81 in line 3.*'cp850' \('Größe'\)"
    ):
        read(path, TWO, ROLES)
    assert set(read(path, TWO, ROLES, encoding="cp850").role("unit")) == set(UNITS)


EASTERN = {
    "gb18030": (["非常满意", "不满意", "一般", "销售部"], "say encoding='gb18030' ('非常满意')."),
    "big5": (["非常滿意", "不滿意", "普通", "業務部"], "say encoding='big5' ('非常滿意')."),
    "cp932": (["とてもそう思う", "そう思わない", "営業部"], "say encoding='cp932' ('とてもそう思う')."),
    "euc_jp": (["とてもそう思う", "そう思わない", "営業部"], "'euc_jp' ('とてもそう思う')"),
    "cp949": (["매우 그렇다", "그렇지 않다", "영업부"], "'cp949' ('매우')"),
}


@pytest.mark.parametrize("codec", EASTERN)
def test_a_file_of_east_asia_is_refused_with_the_encoding_that_fits(tmp_path, codec):
    """Most of its bytes are letters of Windows Latin-1, and some pairs are UTF-8 by chance."""
    units, offered = EASTERN[codec]
    path = write(tmp_path, body(units).encode(codec))
    with pytest.raises(SurveyError) as refused:
        read(path, TWO, ROLES)
    assert offered in str(refused.value)
    assert set(read(path, TWO, ROLES, encoding=codec).role("unit")) == set(units)


EUROPE = {
    "cp1252": ["Größe", "Müller", "Ärger", "ÜBERGRÖSSE", "Äußeres", "L’été", "naïve", "Ångström", "Élève à Noël"],
    "cp1250": ["Łódź", "Środek", "Průměr", "Őrség"], "cp1251": ["Отдел", "Мир", "ПРОДАЖИ", "Клиентский сервис"],
    "cp1253": ["Ψυχή", "Τμήμα", "Πωλήσεις"], "cp1254": ["İşletme", "Müşteri"], "mac_roman": ["Größe", "Élève"],
    "cp850": ["Größe", "Élève"], "cp1255": ["מכירות", "שירות"], "cp1256": ["المبيعات", "خدمة"],
}  # fmt: skip


@pytest.mark.parametrize("codec", EUROPE)
def test_no_other_file_is_taken_for_one_of_east_asia(codec):
    assert eastern_readings(body(EUROPE[codec]).encode(codec)) == []
    for name in EUROPE[codec]:
        assert eastern_readings(body([name, "Lab"]).encode(codec)) == []


MARKS = ["\u200e", "\u200f", "\u061c", "\u202a", "\u202c", "\u2066", "\u2069"]


@pytest.mark.parametrize("sign", MARKS)
def test_marks_of_direction_change_no_answer_id_department_or_header(tmp_path, sign):
    text = body(["Lab", "Law"]).replace("i1", f"{sign}i1").replace("r003,4", f"{sign}r003{sign},{sign}4{sign}")
    survey = read(write(tmp_path, text.replace("Law", f"{sign}Law{sign}", 3)), TWO, ROLES)
    plain = read(write(tmp_path, body(["Lab", "Law"])), TWO, ROLES)
    assert survey.given.equals(plain.given)
    assert survey.respondents.astype(str).equals(plain.respondents.astype(str))


@pytest.mark.parametrize("sign", [*MARKS, "\xad"])
def test_a_label_with_signs_that_nobody_sees_is_still_that_label(tmp_path, sign):
    labelled = instrument(items=2, labels=[f"{sign}nie{sign}", "b", "c", "d", "im\xadmer"])
    survey = read(write(tmp_path, f"id,i1,i2\na,nie,immer\nb,{sign}nie,im{sign}mer\n"), labelled)
    assert survey.given.to_numpy().tolist() == [[1, 5], [1, 5]]
