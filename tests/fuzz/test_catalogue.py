"""The catalogue holds every parser that the code has, and each of them stands bad input."""

from __future__ import annotations

import re

import pytest

from kernel.settings import ROOT
from tests.fuzz.catalogue import OF_OUR_OWN, PARSERS, measured
from tests.fuzz.running import Parser, run
from tests.fuzz.text_parsers import forms

SEED = 1
SLOW = {
    "verify-alone",
    "form-fields",
    "verdict",
    "pdf-seals",
    "history",
    "pdf-pages",
    "table-import",
}
RAW = re.compile(
    r"json\.loads\(|tomllib\.loads\(|read_toml\(|fromisoformat\(|strptime\(|(?<!def )\bunb64\("
    r"|b64decode\(|(?<!def )\bloads\(|\.unpack\(|unpack_from\(|ZipFile\(|tarfile\.open\("
    r"|load_workbook\(|PdfFileReader\(|PdfDocument\(|csv\.reader\(|DefusedXMLParser\("
    r"|load_(pem|der)_\w+\(|AttestationObject\("
)
"""What turns raw text or bytes into something."""


def reading_files() -> set[str]:
    found = set()
    for folder in ("kernel", "plugins"):
        for file in (ROOT / folder).rglob("*.py"):
            name = str(file.relative_to(ROOT))
            if RAW.search(file.read_text("utf-8")) and not name.startswith("kernel/cli/"):
                found.add(name)
    return found


def test_every_file_that_reads_raw_input_is_tried_or_said_to_read_our_own():
    unknown = reading_files() - measured() - set(OF_OUR_OWN)
    assert unknown == set()


def test_what_is_said_to_read_our_own_is_there_and_reads():
    assert set(OF_OUR_OWN) <= reading_files()


def test_every_form_is_tried():
    assert {f"form-{name.partition(':')[2]}" for name in forms()} <= set(PARSERS)


def test_no_two_parsers_have_one_name():
    assert len(PARSERS) >= 60


@pytest.mark.parametrize("parser", PARSERS.values(), ids=list(PARSERS))
def test_bad_input_gets_only_declared_answers(parser: Parser):
    found = run(parser, 20 if parser.name in SLOW else 80, SEED)
    assert found.violations == []
    assert found.changed * 2 >= found.inputs


@pytest.mark.full
@pytest.mark.parametrize("parser", PARSERS.values(), ids=list(PARSERS))
def test_ten_thousand_bad_inputs_get_only_declared_answers(parser: Parser):
    found = run(parser, 10_000, SEED)
    assert found.violations == []
    assert found.changed * 2 >= found.inputs


def test_a_parser_that_breaks_is_found():
    """Otherwise the other tests of this file would prove nothing."""

    def broken(data: bytes) -> bytes:
        if data[:1] not in (b"a", b"b", b""):
            raise IndexError(data)
        return data

    base = PARSERS["wrapped-key"]
    parser = Parser("broken", (), lambda: [b"a", b"b"], broken, base.make, (), lambda g, f: g)
    found = run(parser, 300, SEED)
    said = {one.what.splitlines()[-1].partition(":")[0] for one in found.violations}
    assert {
        "IndexError",
        "a changed input was accepted as genuine, and says something else",
    } <= said
