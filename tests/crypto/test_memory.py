"""What is remembered: pure answers, a bounded number of them, never a refusal."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kernel.crypto import x509
from kernel.crypto.memory import LONGEST, MOST, remembered, told_apart
from kernel.errors import Unverified


def test_a_question_is_worked_out_once_and_the_oldest_answer_goes_first():
    asked: list[str] = []

    @remembered(2)
    def upper(text: str) -> str:
        asked.append(text)
        return text.upper()

    assert [upper(text) for text in ("a", "a", "b", "c", "b", "a")] == list("AABCBA")
    assert asked == ["a", "b", "c", "a"]


def test_a_refusal_and_long_bytes_are_asked_again():
    asked: list[int] = []

    @remembered(8)
    def length(data: bytes) -> int:
        asked.append(len(data))
        if not data:
            raise ValueError("empty")
        return len(data)

    long = bytes(LONGEST + 1)
    for data in (b"", b"", long, long):
        if data:
            assert length(data) == len(data)
        else:
            with pytest.raises(ValueError, match="empty"):
                length(data)
    assert asked == [0, 0, len(long), len(long)]


def test_long_tuples_are_asked_again():
    asked: list[int] = []

    @remembered(8)
    def count(many: tuple[int, ...]) -> int:
        asked.append(len(many))
        return len(many)

    for many in (range(MOST), range(MOST), range(MOST + 1), range(MOST + 1)):
        assert count(tuple(many)) == len(many)
    assert asked == [MOST, MOST + 1, MOST + 1]


def test_two_certificates_are_two_however_alike():
    roots = [x509.new_root("Zhangye", demo=demo).cert for demo in (True, False)]
    assert [x509.is_demo(root) for root in roots * 2] == [True, False] * 2
    for root in roots:
        for _ in range(2):
            with pytest.raises(Unverified, match="chain"):
                x509.verify_chain(root, [], [], root.not_valid_before_utc, "people")


def test_what_is_told_apart_is_known_by_itself_however_equal():
    @told_apart
    class Equal:
        def __eq__(self, other: object) -> bool:
            return isinstance(other, Equal)

        def __hash__(self) -> int:
            return 1

    asked: list[Equal] = []

    @remembered(8)
    def ask(one: Equal) -> int:
        asked.append(one)
        return len(asked)

    one, other = Equal(), Equal()
    assert [ask(one), ask(other), ask(one), ask(other)] == [1, 2, 1, 2]


def test_a_trust_is_known_again_and_judges_the_time_anew():
    root = x509.new_root("Zhangye")
    below = x509.issue_intermediate(root, "people", "Zhangye").cert
    trust = x509.leaning_on((root.cert,))
    assert x509.leaning_on((root.cert,)) is trust
    assert x509.leaning_on((root.cert,), (below,)) is not trust
    start = below.not_valid_before_utc
    assert trust.chain(below, "people", start, authority=True) == (below, root.cert)
    with pytest.raises(Unverified, match="time"):
        trust.chain(below, "people", start - timedelta(seconds=1), authority=True)
