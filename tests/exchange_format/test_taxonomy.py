"""The numbers of the exchange: one table, in the docs as in the code, and each where it belongs."""

import ast
import re

import pytest
from msgspec.structs import replace

from kernel.crypto.canonical import digest
from kernel.errors import Invalid
from kernel.exchange.evidence import EventTime, Evidence, Reason
from kernel.exchange.evidence_types import TYPES
from kernel.exchange.taxonomy import TAXONOMY, WORDS, fits, table
from kernel.settings import ROOT

EXCHANGE = sorted((ROOT / "kernel/exchange").glob("*.py"))


def made(type_: str, code: str) -> Evidence:
    return Evidence(
        ev_id="01a205be-0000-7000-8000-000000000000", type=type_, msg_id="m",
        pkg_digest=digest(b""), recipient="", event_time=EventTime("2026-11-23T00:00:00.000Z"),
        reasons=(Reason(code, "…"),), act=digest(b"act"),
    )  # fmt: skip


def test_the_table_in_the_docs_is_the_one_in_the_code():
    assert (ROOT / "docs/exchange-codes.md").read_text("utf-8").endswith(table())


def test_every_number_speaks_both_languages_and_is_told_to_somebody():
    for number, entry in TAXONOMY.items():
        assert entry.number == number and entry.told
        assert re.search("[\u4e00-\u9fff]", entry.zh) and entry.en[0].isupper()
        assert entry.retry == (number // 100 == 4 or number == 500)


def test_refusals_stand_in_evidence_that_refuses_and_hints_do_not():
    for entry in TAXONOMY.values():
        for type_ in entry.evidence:
            assert TYPES[type_].negative == (entry.number >= 200 and entry.number != 702), entry
    for types in WORDS.values():
        assert all(type_ in TYPES for type_ in types)


def test_every_kind_of_negative_evidence_of_this_node_has_its_numbers():
    given = {type_ for entry in TAXONOMY.values() for type_ in entry.evidence}
    given |= {type_ for types in WORDS.values() for type_ in types}
    not_here = {"B2", "B3", "E2", "F2"}  # those of relays, office systems and paper
    assert {code for code, kind in TYPES.items() if kind.negative} - given == not_here


@pytest.mark.parametrize(
    ("type_", "code", "holds"),
    [
        ("X3", "600", True),
        ("X3", "211", False),
        ("A2", "211", True),
        ("A2", "600", False),
        ("X14", "604", True),
        ("D2", "301", True),
        ("C2", "returned", True),
        ("X3", "returned", False),
        ("X3", "what another node says", True),
    ],
)
def test_a_reason_stands_only_in_its_kind_of_evidence(type_: str, code: str, holds: bool):
    assert fits(code, type_) == holds
    after = {"A2": ("sealed", "refused"), "D2": ("accepted", "failed"), "C2": ("delivered",) * 2}
    before, to = after.get(type_, ("signed", "signed"))
    evidence = replace(made(type_, code), **{"state_from": before, "state_to": to})
    if type_ == "C2":
        evidence = replace(evidence, state_to="returned")
    if holds:
        assert evidence.to_bytes()
    else:
        with pytest.raises(Invalid):
            evidence.to_bytes()


def test_every_reason_that_is_written_in_the_code_has_its_type():
    for file in EXCHANGE:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            named = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Reason"
            if named and node.args and isinstance(node.args[0], ast.Constant):
                assert node.args[0].value in WORDS, f"{file.name}: {node.args[0].value}"
