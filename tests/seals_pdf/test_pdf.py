"""The seal in the PDF: what it covers, who made it, and that every change shows."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random

import pytest
from asn1crypto import cms
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256
from PIL import Image, ImageChops

from kernel.crypto import der
from kernel.crypto.cms import check_foreign_form
from kernel.errors import Invalid, Unverified
from kernel.seals.impression import seal_pdf, seal_svg
from kernel.seals.pdf import apply_seal, check_seals
from kernel.work.workshop import Placement, Typeset, Workshop
from tests.seals_pdf.certificates import ORGAN, SEALED_AT, Chain


def holds(pdf: bytes, chain: Chain) -> bool:
    """Whether the checker finds one seal or more and nothing wrong with any."""
    try:
        checks = check_seals(pdf, [chain.root])
    except Unverified:
        return False
    return bool(checks) and all(check.holds for check in checks)


def test_the_typeset_file_stays_byte_for_byte(document: Typeset, sealed: bytes) -> None:
    assert sealed.startswith(document.pdf)


def test_the_seal_says_whose_it_is_and_when(sealed: bytes, chain: Chain) -> None:
    (check,) = check_seals(sealed, [chain.root])
    assert check.holds
    assert check.signer_cn == f"{ORGAN}（DEMO）"
    assert check.organisation == ORGAN
    assert check.time == SEALED_AT
    assert check.field_name == "seal-1"


def test_a_document_without_a_seal_has_no_check(document: Typeset, chain: Chain) -> None:
    assert check_seals(document.pdf, [chain.root]) == []


def test_another_root_does_not_vouch_for_it(sealed: bytes) -> None:
    (check,) = check_seals(sealed, [Chain().root])
    assert check.intact and not check.trusted


def test_outside_its_validity_a_certificate_is_not_trusted(sealed: bytes, chain: Chain) -> None:
    (check,) = check_seals(sealed, [chain.root], datetime(2046, 1, 1, tzinfo=UTC))
    assert check.intact and not check.trusted


def test_the_signature_verifies_without_our_library(sealed: bytes, chain: Chain) -> None:
    ranges = [int(n) for n in re.findall(rb"/ByteRange \[(.*?)\]", sealed)[-1].split()]
    covered = sealed[: ranges[1]] + sealed[ranges[2] : ranges[2] + ranges[3]]
    der = bytes.fromhex(sealed[ranges[1] + 1 : ranges[2] - 1].decode())
    signer = cms.ContentInfo.load(der)["content"]["signer_infos"][0]
    attributes = {each["type"].native: each["values"][0].native for each in signer["signed_attrs"]}
    assert ranges[2] + ranges[3] == len(sealed)
    assert attributes["message_digest"] == hashlib.sha256(covered).digest()
    assert "signing_certificate_v2" in attributes and "signing_time" not in attributes
    signed = signer["signed_attrs"].untag().dump()
    key = chain.keys[2].public_key()
    key.verify(signer["signature"].native, signed, ECDSA(SHA256()))


@pytest.mark.parametrize("part", ["typeset", "update", "padding"])
def test_a_changed_byte_is_found(document: Typeset, sealed: bytes, chain: Chain, part: str) -> None:
    random = Random(part)  # the same samples in each run
    hole = sealed.rindex(b"/Contents <") + len(b"/Contents <")
    end = sealed.index(b">", hole)
    places = {
        "typeset": range(len(document.pdf)),
        "update": [*range(len(document.pdf), hole), *range(end, len(sealed))],
        "padding": range(end - 400, end),
    }[part]
    for at in random.sample(places, 40):
        changed = bytearray(sealed)
        changed[at] ^= 1 << random.randrange(8)
        assert not holds(bytes(changed), chain), at


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_what_no_seal_covers_has_one_form(sealed: bytes, chain: Chain) -> None:
    # The container of the outermost signature: versions, names of algorithms, certificates.
    hole = sealed.rindex(b"/Contents <") + len(b"/Contents <")
    end = sealed.index(b">", hole)
    held = bytes.fromhex(sealed[hole:end].decode())
    taken = []
    for at in range(der.size_of(held)):
        for mask in (0x01, 0x80):
            changed = bytearray(held)
            changed[at] ^= mask
            try:
                check_foreign_form(bytes(changed))
            except Unverified:
                continue
            taken.append(sealed[:hole] + bytes(changed).hex().encode() + sealed[end:])
    # What is left is covered by the signature, or by that of a certificate: a part of it, for time.
    assert 500 < len(taken) < 2500
    assert not any(holds(pdf, chain) for pdf in Random(1).sample(taken, 100))


def test_what_is_added_behind_the_seal_is_found(sealed: bytes, chain: Chain) -> None:
    assert not holds(sealed + b"\n% more\n", chain)


def test_a_second_seal_leaves_the_first_valid(
    document: Typeset, sealed: bytes, chain: Chain, seal: Callable[..., bytes]
) -> None:
    both = seal(sealed, Placement(1, 60.0, 200.0), "seal-2")
    checks = check_seals(both, [chain.root])
    assert [check.field_name for check in checks] == ["seal-1", "seal-2"]
    assert all(check.holds for check in checks)


def test_a_certificate_in_one_seal_does_not_stand_in_for_another(
    sealed: bytes, chain: Chain, seal: Callable[..., bytes]
) -> None:
    both = seal(sealed, Placement(1, 60.0, 200.0), "seal-2")
    hole = both.rindex(b"/Contents <") + len(b"/Contents <")
    held = bytes.fromhex(both[hole : both.index(b">", hole)].decode())
    enclosed = cms.ContentInfo.load(held[: der.size_of(held)])["content"]["certificates"]
    (middle,) = [one.chosen for one in enclosed if one.chosen.ca]
    at = held.index(middle.signature) + 10
    changed = held[:at] + bytes([held[at] ^ 1]) + held[at + 1 :]
    assert holds(both, chain)
    assert not holds(both[:hole] + changed.hex().encode() + both[hole + len(held) * 2 :], chain)


def test_the_seal_is_seen_at_its_place_and_nowhere_else(
    workshop: Workshop, document: Typeset, sealed: bytes
) -> None:
    before, after = (
        Image.open(io.BytesIO(workshop.page_image(pdf, 1))) for pdf in (document.pdf, sealed)
    )
    change = ImageChops.difference(before.convert("RGB"), after.convert("RGB"))
    box = change.getchannel("G").point(lambda value: 255 if value > 60 else 0).getbbox()
    place = document.placement
    assert box and place
    millimetre = 2 * 72 / 25.4
    left, top, right, bottom = (edge / millimetre for edge in box)
    assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx(
        (place.x_mm, place.y_mm), abs=0.4
    )
    assert (right - left, bottom - top) == pytest.approx((42, 42), abs=0.8)


def test_a_key_that_lives_elsewhere_signs_through_a_function(
    document: Typeset, chain: Chain
) -> None:
    asked: list[bytes] = []

    def sign(data: bytes) -> bytes:
        asked.append(data)
        return chain.keys[2].sign(data, ECDSA(SHA256()))

    assert document.placement
    pdf = apply_seal(
        document.pdf,
        document.placement,
        seal_pdf(seal_svg(ORGAN)),
        key=sign,
        cert=chain.leaf,
        chain=[chain.middle],
        signed_at=SEALED_AT,
        field_name="seal-1",
        reason="用印",
        organ=ORGAN,
    )
    assert len(asked) == 1
    assert holds(pdf, chain)


def test_a_page_that_is_not_there_is_refused(document: Typeset, seal: Callable[..., bytes]) -> None:
    with pytest.raises(Invalid) as caught:
        seal(document.pdf, Placement(2, 100.0, 100.0))
    assert caught.value.code == "seals.page"


def test_what_is_no_pdf_is_refused(chain: Chain, seal: Callable[..., bytes]) -> None:
    with pytest.raises(Invalid) as caught:
        seal(b"no pdf", Placement(1, 100.0, 100.0))
    assert caught.value.code == "seals.pdf"
    with pytest.raises(Unverified):
        check_seals(b"no pdf", [chain.root])
