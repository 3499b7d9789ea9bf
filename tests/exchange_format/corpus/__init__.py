"""The corpus of packages that must be refused, each with its number."""

from tests.exchange_format.corpus import (
    acts,
    certificates,
    containers,
    evidence,
    headers,
    lists,
    signatures,
)
from tests.exchange_format.corpus.making import Case

__all__ = ["CASES", "Case"]

ROOMS = [containers, headers, signatures, certificates, lists, acts, evidence]
CASES: list[Case] = [case for room in ROOMS for case in room.CASES]
