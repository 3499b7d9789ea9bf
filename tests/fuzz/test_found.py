"""What the made input has found, each once more, so that it stays mended."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kernel.crypto import canonical, webauthn
from kernel.crypto.credential_format import read_statement
from kernel.errors import Invalid, Unverified
from kernel.portal.cursor import read_cursor
from kernel.portal.theme import load_themes
from kernel.settings import ROOT, load
from kernel.storage import notes, search
from kernel.storage.backup import manifest
from kernel.testing_office import Browser
from kernel.work import page_view
from kernel.work.sheet import Sheet
from kernel.work.title import WIDEST, break_title
from plugins.documents import attachments
from tests.exchange_format.sample import PDF
from tests.fuzz.crypto_parsers import office
from tests.fuzz.file_parsers import _manifest, _signer
from tests.fuzz.running import bounded, luck_of
from tests.fuzz.text_parsers import _packed


@pytest.mark.parametrize("length", [60, 76, 90, 95])
def test_a_long_title_does_not_hold_up_the_typesetter(length: int):
    with bounded(5):
        lines = break_title("关于召开会议的通知" * 11 + "x" * 9)
        lines = break_title(("甲" * length)[:length])
    assert "".join(lines) == "甲" * length
    assert max(map(len, lines)) <= WIDEST


@pytest.mark.parametrize("kind", [{"": "soft"}, ["soft"], None])
def test_a_kind_of_key_that_is_no_text_is_refused(kind: object):
    said = canonical.loads(canonical.unb64(office().statement()["statement"]))
    with pytest.raises(Unverified, match="credentials.form"):
        read_statement(canonical.dumps(said | {"kind": kind}))


def test_half_a_character_in_a_commitment_is_refused():
    made = canonical.salted("同意。")
    with pytest.raises(Unverified, match="canonical.salted"):
        canonical.check_salted(made.commitment + "\ud800", made.salt, made.text)


def test_half_a_character_as_challenge_is_refused():
    client = json.dumps({"type": "webauthn.get", "challenge": "\ud800", "origin": "x"}).encode()
    with pytest.raises(Unverified, match="webauthn.challenge"):
        webauthn.check_client(client, "webauthn.get", b"c", ("x",))


@pytest.mark.parametrize("page", [b"/Pag\x80", b"/Nothing"])
def test_a_pdf_whose_page_is_broken_is_refused(page: bytes):
    with pytest.raises(Invalid, match="workshop.pdf"):
        page_view.texts(PDF.replace(b"/Type/Page/", b"/Type" + page + b"/"))


def test_a_page_as_large_as_a_field_is_drawn_small():
    huge = PDF.replace(b"0 0 595 842", b"0 0 14000 14000")
    assert len(page_view.image(huge, 1, 4.0)) < 1 << 20


@pytest.mark.parametrize("chain", [[{}], [5], "x", [""]])
def test_a_backup_whose_chain_is_no_list_of_texts_is_altered(chain: object):
    outer = canonical.loads(_manifest([]).signed(_signer()))
    with pytest.raises(Unverified, match="backup.altered"):
        manifest.read(canonical.dumps(outer | {"chain": chain}))


@pytest.mark.parametrize("written", [b"port = ", b"\xff", b"x = " + b"[" * 3000])
def test_settings_and_themes_that_are_no_toml_are_refused_in_words(tmp_path: Path, written: bytes):
    theme = tmp_path / "themes" / "default" / "theme.toml"
    theme.parent.mkdir(parents=True)
    theme.write_bytes(written)
    (tmp_path / "settings.toml").write_bytes(written)
    with pytest.raises(Invalid, match="settings.file"):
        load(tmp_path, {})
    with pytest.raises(Invalid, match="themes.invalid"):
        load_themes([tmp_path / "themes"])


def test_a_default_theme_that_lacks_a_colour_is_left_out_in_words(tmp_path: Path):
    theme = tmp_path / "default"
    theme.mkdir()
    (theme / "theme.toml").write_text('name = "x"')
    (theme / "tokens.css").write_text("@layer theme { :root { --ink-1: #000; } }")
    with pytest.raises(Invalid, match="themes.invalid") as refused:
        load_themes([ROOT / "themes", tmp_path])
    assert "“default”" in refused.value.zh
    faults: dict[str, Invalid] = {}
    themes = load_themes([ROOT / "themes", tmp_path], faults)
    assert faults.keys() == {"default"}
    assert themes["default"].folder == ROOT / "themes" / "default"


def test_the_home_of_nobody_is_no_place_for_a_witness(tmp_path: Path):
    (tmp_path / "settings.toml").write_text('instance = "~nobody-at-all/x"')
    with pytest.raises(Invalid, match="settings.value"):
        load(tmp_path, {})


@pytest.mark.parametrize("number", ["Infinity", "1e999", "null"])
def test_a_noted_number_that_is_none_is_left_out(tmp_path: Path, number: str):
    file = tmp_path / "checkpoints.log"
    file.write_text(f'{{"note": "a", "numbers": {{"a": {number}}}}}\n')
    assert list(notes.lines(file)) == []


def test_signs_that_look_like_digits_are_no_numbers_of_the_log():
    assert (notes.epoch_of("juyan/n/²"), notes.size_of("x\n²\n")) == (0, -1)
    assert (notes.epoch_of("juyan/n/7"), notes.size_of("x\n8\n")) == (7, 8)
    assert notes.size_of("x\n" + "9" * 5000) == -1


@pytest.mark.parametrize("value", ["x", [], 5, {"attachments": 5}, {"attachments": [{"rows": 5}]}])
def test_a_sheet_of_the_wrong_kind_is_refused(value: object):
    with pytest.raises(Invalid, match="workshop.sheet"):
        Sheet.from_json(value)  # type: ignore[arg-type]  # what JSON may hold


@pytest.mark.parametrize("value", [10**30, -(2**70), "a\0b", "\ud800", float("inf"), float("nan")])
@pytest.mark.parametrize("place", [1, 2])
def test_a_cursor_that_no_database_takes_is_refused(value: object, place: int):
    made: list[object] = ["time", 5, 7]
    made[place] = value
    with pytest.raises(Invalid, match="lists.cursor"):
        read_cursor(_packed(luck_of("cursor", 1, 0), made))


def test_a_cursor_of_the_search_stays_within_the_database():
    assert search._cursor("t9999999999999999999") == ("t", 2**63 - 1)


@pytest.mark.parametrize("pasted", ["a,b\r1,2", "a\tb\r\r\n1\t2"])
def test_a_lone_carriage_return_ends_a_line_of_a_table(pasted: str):
    assert attachments.table("表", pasted)["rows"] == [["1", "2"]]


def test_a_cell_without_end_is_refused():
    with pytest.raises(Invalid, match="documents.table"):
        attachments.table("表", 'a,b\n"' + "x" * 140_000)


NESTED = "W1tb" * 900
"""A list in a list in a list …, packed as the portal packs its sentences."""


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"cookie": f"juyan_flash={NESTED}"}, 200),
        ({"content-length": "²"}, 200),
        ({"content-type": "multipart/form-data; boundary=x; charset=undefined"}, 422),
        ({"content-type": "multipart/form-data; boundary=x; charset=a\0b"}, 422),
        ({"content-type": "multipart/form-data; boundary=x; charset=idna"}, 200),
    ],
)
@pytest.mark.both
def test_odd_headers_meet_no_defect(client: Browser, headers: dict[str, str], status: int):
    raw = {name: value.encode("latin-1") for name, value in headers.items()}
    form = b'--x\r\nContent-Disposition: form-data; name="who\xff"\r\n\r\n\xff\r\n--x--\r\n'
    got = client.post("/me/display", content=form, headers=raw)
    assert got.status_code == status


@pytest.mark.both
@pytest.mark.parametrize(
    "place",
    [
        *("/documents/out/%00", "/documents/out?q=%00", "/exchange/inbox/a%00b", "/search?q=a%00"),
        *("/files/delivery/x/pages/" + "9" * 5000, "/files/delivery/x/pages/" + "9" * 20),
    ],
)
def test_addresses_that_no_database_takes_are_refused(client: Browser, place: str):
    client.login("林晓梅")
    assert client.get(place).status_code in (403, 404, 422)


@pytest.mark.both
def test_nul_in_a_form_is_refused(client: Browser):
    client.login("林晓梅")
    for path, name in (
        ("/me/desk", "post"),
        ("/acts/confirm/again", "nonce"),
        ("/tasks/read", "t"),
    ):
        assert client.post(path, data={name: "a\0b"}).status_code == 422
