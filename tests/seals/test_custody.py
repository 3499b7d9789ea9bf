"""Who keeps a seal stands in a signed statement; a row alone proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from kernel.crypto import suites
from kernel.errors import Invalid, NotFound, Unverified
from kernel.identity import authority as authorities
from kernel.identity.models import Unit
from kernel.seals import custody, signer_client
from kernel.seals import statement as statements
from kernel.seals.custody import Commission
from kernel.seals.models import MODELS, Seal
from kernel.settings import Settings
from kernel.storage.database import close_database, connection, db, open_database
from tests.seals.founding import ORGAN, Founding


@pytest.fixture
def seal(node: Founding, tmp_path: Path) -> Iterator[Seal]:
    """The organ's seal as a row of an open node."""
    open_database(Settings(instance=tmp_path))
    authorities.authority.fill(node.authority)
    with connection():
        db.create_tables(MODELS)
        made = Seal.create(**node.seals[ORGAN].__data__)
        yield made
    authorities.authority.clear()
    close_database()


def test_the_seal_of_a_unit_and_its_keepers(node: Founding, seal: Seal) -> None:
    found = custody.seal_of(ORGAN)
    assert found.uid == seal.uid
    assert custody.keepers_of(found) == (node.keeper.uid,)
    assert found.label() == "中共张掖市委办公室印章"
    assert ("保管级别", "演示（不具有正式效力）") in found.facts()


def test_a_suspended_seal_is_not_found(seal: Seal) -> None:
    before = seal.digest()
    Seal.update(state="suspended").execute()
    with pytest.raises(NotFound, match="seals.none"):
        custody.seal_of(ORGAN)
    assert Seal.get().digest() != before


@pytest.mark.parametrize("column", ["unit", "name", "impression", "uid"])
def test_a_row_that_says_something_else(seal: Seal, column: str) -> None:
    Seal.update({column: "changed"}).execute()
    with pytest.raises(Unverified, match="seals.row"):
        custody.keepers_of(Seal.get())


def test_a_keeper_put_in_by_an_administrator(node: Founding, seal: Seal) -> None:
    above = node.authority.certificate("seals")
    signature = bytes(seal.statement_signature)
    said = statements.read(bytes(seal.statement), signature, above)
    forged = replace(said, keepers=("intruder",)).to_bytes()
    Seal.update(statement=forged).execute()
    with pytest.raises(Unverified, match="suites.signature"):
        custody.keepers_of(Seal.get())
    own = suites.sign(suites.new_key(), forged)
    Seal.update(statement_signature=own).execute()
    with pytest.raises(Unverified, match="suites.signature"):
        custody.keepers_of(Seal.get())


def test_a_section_has_no_seal_of_its_own(node: Founding) -> None:
    section = Unit(code="620700-CPCO-1", name="秘书科", kind="section", organ=ORGAN)
    signer_client.signer.fill(node.signer)
    try:
        with pytest.raises(Invalid, match="seals.not_organ"):
            custody.make_seals([Commission(section, (node.keeper.uid,))])
    finally:
        signer_client.signer.clear()


def test_the_demo_shows_on_the_seal(node: Founding) -> None:
    made: Callable[[str], Seal] = node.seals.__getitem__
    assert "DEMO" in _subject(made(ORGAN))


def _subject(seal: Seal) -> str:
    from kernel.crypto import x509

    return x509.load_cert(seal.certificate.encode()).subject.rfc4514_string()
