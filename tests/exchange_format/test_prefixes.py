"""Digests of the beginnings of a file are those that hashing each anew would give."""

from __future__ import annotations

import hashlib
import random

import pytest

from kernel.exchange.prefixes import Prefixes


@pytest.mark.parametrize("size", [0, 1, 16383, 16384, 16385, 70_000, 5_000_000])
def test_the_same_as_hashing_each_anew(size: int):
    data = random.Random(size).randbytes(size)
    beginnings = Prefixes(data)
    for end in {0, size // 3, size // 2, max(0, size - 1), size, size + 9}:
        assert beginnings.digest(end) == hashlib.sha256(data[:end]).digest()
        second, last = min(size, end + 100), size - 1 if size else 0
        expected = hashlib.sha256(data[:end] + data[second:last]).digest()
        assert beginnings.digest(end, second, last) == expected
    assert beginnings.digest() == hashlib.sha256(data).digest()
