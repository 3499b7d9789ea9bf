"""From the sign-off to the dispatch the acts in a package are about one and the same content."""

from typing import Any

import pytest

from kernel.crypto import canonical
from kernel.exchange import verify
from kernel.exchange.verdict import examine
from tests.exchange_format.sample import UNIT, Office, office

BEFORE = ["documents.sign_off", "documents.assign_number", "documents.seal"]


@pytest.fixture(scope="module")
def sender() -> Office:
    return office()


def both(sender: Office, acts: dict[str, Any]) -> tuple[int, int]:
    """The numbers that the platform and the stand-alone verifier give."""
    data = sender.package(sender.contents(acts=acts))
    alone = verify.Verification(data, sender.roots).run().number
    return examine(data, sender.roots).number, alone


def target(sender: Office, **changes: Any) -> dict[str, Any]:
    usual = {"kind": "documents.document", "uid": sender.document, "version": 7}
    return {"object": usual | {"digest": canonical.digest("正文".encode())} | changes}


@pytest.mark.parametrize("verb", BEFORE)
def test_another_version_of_the_same_content_is_the_same(sender: Office, verb: str):
    assert both(sender, {verb: {"_act": target(sender)}}) == (100, 100)


@pytest.mark.parametrize("verb", [*BEFORE, "documents.dispatch"])
@pytest.mark.parametrize(
    "change",
    [
        {"digest": canonical.digest("别的正文".encode())},
        {"uid": "another"},
        {"kind": "documents.incoming"},
        {"digest": None},
    ],
)
def test_other_content_is_refused(sender: Office, verb: str, change: dict[str, Any]):
    assert both(sender, {verb: {"_act": target(sender, **change)}}) == (218, 218)


@pytest.mark.parametrize("verb", BEFORE)
def test_the_act_of_another_organ_is_refused(sender: Office, verb: str):
    desk = {"person": sender.person, "post": "p", "unit": "mk", "organ": f"{UNIT}-X"}
    assert both(sender, {verb: {"_act": {"desk": desk}}}) == (218, 218)
