"""nbformat is imported without grammars that no notebook needs, and who needs them finds them."""

import subprocess
import sys

import pytest


def ran(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("part", ["running", "coursework"])
def test_importing_nbformat_builds_no_parser(part):
    code = f"import sys, cxkit.{part}, nbformat; print('rfc3987_syntax' in sys.modules, 'lark' in sys.modules)"
    assert ran(code) == "True False"


def test_addresses_are_checked_as_without_cxkit():
    check = (
        "from jsonschema import FormatChecker\n"
        "texts = ('http://example.org/\\u00fc', 'no address', '../\\u00fc', 'http://a b/', '')\n"
        "checker = FormatChecker()\n"
        "print([checker.conforms(text, form) for text in texts for form in ('iri', 'iri-reference')])"
    )
    with_cxkit = ran(f"import cxkit.running\n{check}")
    assert with_cxkit == ran(check)
    assert "True" in with_cxkit
    assert "False" in with_cxkit


def test_everything_else_in_the_module_is_there():
    code = "import rfc3987_syntax as one\nprint(one.is_valid_syntax_iri('http://a.b/'), one.RFC3987_SYNTAX_TERMS[:2])"
    assert ran(f"import cxkit.running\n{code}") == ran(code)
