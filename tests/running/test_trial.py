"""What the doctor says of the sandbox: every attempt works in an open kernel, and none in a contained one."""

import os
import sys
from pathlib import Path

import pytest

from cxkit.running.isolation.trial import ALL_CLAIMS, ALONE, CLAIMS, bait, broken_claims
from cxkit.running.kernels.forked import ALLOWED_NAMES, TEMPLATE_ENVIRONMENT, Template
from cxkit.running.sandbox.protection import find_protection

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the sandbox is Linux's")

ONLY_FOR_ROOT = {"gain rights", "start more processes than its limit"}


def test_every_attempt_works_in_an_open_kernel():
    """Output is bounded in the client, whatever the kernel is."""
    with bait() as laid:
        worked = set(broken_claims(laid, "open"))
    expected = {claim.says for claim in (*CLAIMS, *ALONE)} - {"print more than its limit"}
    if os.statvfs(os.__file__).f_flag & (os.ST_NOATIME | os.ST_RDONLY):
        expected -= {"leave signs for other runs by the times at which files were read"}
    assert worked >= (expected if os.geteuid() == 0 else expected - ONLY_FOR_ROOT)


def test_every_claim_holds_in_namespaces():
    if find_protection().mechanism != "namespaces":
        pytest.skip("this machine has no namespaces, and its doctor says what does not hold")
    with bait() as laid:
        assert broken_claims(laid) == {}
    assert len(set(ALL_CLAIMS)) == len(ALL_CLAIMS) == len(CLAIMS) + len(ALONE) + 2


def test_the_template_is_told_no_variable_but_the_allowed_ones():
    """It had all of its caller's, tokens among them, and every kernel that it forks could read them."""
    told = Path(f"/proc/{Template.get().process.pid}/environ").read_text().split("\0")
    names = {variable.partition("=")[0] for variable in told if variable}
    assert names <= {*ALLOWED_NAMES, *TEMPLATE_ENVIRONMENT}
    assert len(names) < len(os.environ) + len(TEMPLATE_ENVIRONMENT)
