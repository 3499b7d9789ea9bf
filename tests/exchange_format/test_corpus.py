"""The corpus of bad packages: each is refused by both verifiers for the same reason."""

from __future__ import annotations

import pytest

from kernel.exchange import verify
from kernel.exchange.verdict import examine
from tests.exchange_format.corpus import CASES, Case
from tests.exchange_format.corpus.making import Sample, made
from tests.exchange_format.sample import Office, office


@pytest.fixture(scope="module")
def zhangye() -> Office:
    return office()


def numbers(sample: Sample, zhangye: Office) -> tuple[int, int]:
    """What the platform and the stand-alone verifier say."""
    alone = verify.Verification(sample.data, zhangye.roots)
    alone.records = list(sample.records)
    return examine(sample.data, zhangye.roots, None, sample.records).number, alone.run().number


def test_what_the_careless_producer_makes_of_nothing_bad_is_good(zhangye: Office):
    assert numbers(Sample(made(zhangye)), zhangye) == (100, 100)


def test_the_cases_have_names_of_their_own():
    assert len({case.name for case in CASES}) == len(CASES) > 60


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_both_verifiers_refuse_it_for_the_same_reason(case: Case, zhangye: Office):
    assert numbers(case.sample(zhangye), zhangye) == (case.number, case.number)
