"""Revocation lists on a node: issued, renewed, enclosed, and what they do to what is sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from cryptography.x509 import CRLNumber

from kernel.acts.models import Effect
from kernel.crypto import ids, x509
from kernel.errors import Conflict, Unverified
from kernel.exchange import verify
from kernel.exchange.models import Package
from kernel.exchange.package import read
from kernel.exchange.verdict import examine
from kernel.identity import revocation
from kernel.identity.authority import authority
from kernel.identity.models import RevocationList, RevokedCertificate
from kernel.seals.custody import seal_of
from kernel.seals.ledger import reconcile
from kernel.seals.revoking import revoke_certificate
from kernel.storage.blobs import blobs
from kernel.storage.database import connection, transaction
from kernel.testing_office import Office
from plugins.documents.line import issue
from tests.exchange.notice import NOTICE

OFFICE = "620700-CPCO"
ANOTHER = NOTICE | {"title": "中共张掖市委办公室关于做好值班工作的通知"}


@pytest.fixture
def later() -> Iterator[None]:
    """Two days on: every list but the root's is older than its period."""
    ids.set_clock(lambda: ids._system_clock() + timedelta(days=2))
    yield
    ids.set_clock(None)


def sent() -> bytes:
    """The package of the notice."""
    with connection():
        return blobs().get(Package.get().blob)


def lists(name: str = "") -> list[tuple[str, x509.Crl]]:
    with connection():
        rows = RevocationList.select().order_by(RevocationList.id)
        return [
            (row.authority, x509.load_crl(row.pem.encode()))
            for row in rows
            if name in ("", row.authority)
        ]


def number_of(crl: x509.Crl) -> int:
    return crl.extensions.get_extension_for_class(CRLNumber).value.crl_number


def exchange_certificate() -> str:
    """The certificate with which the office has signed its package."""
    signed = examine(sent(), [authority().certificate("root")]).signed
    assert signed is not None
    return x509.pem(signed.cert).decode()


def test_founding_issues_a_list_of_every_authority(office: Office):
    assert [name for name, _ in lists()] == ["root", "people", "seals", "exchange", "nodes"]
    for name, crl in lists():
        assert crl.issuer == authority().certificate(name).subject
        assert list(crl) == []


def test_a_package_carries_them_and_leaves_nothing_open(office: Office):
    root = authority().certificate("root")
    alone = verify.Verification(sent(), [root]).run()
    assert (alone.verdict, alone.number) == ("DEMONSTRATION", 100)
    assert examine(sent(), [root]).unlisted == ()
    enclosed = read(sent()).contents.trust
    assert [pem for _, crl in lists() if (pem := x509.pem(crl)) in enclosed] == enclosed[4:]


def test_lists_are_renewed_when_they_are_older_than_their_period(office: Office, later: None):
    before = dict(lists())
    assert revocation.renew(ids.now()) == 4
    assert revocation.renew(ids.now()) == 0
    after = dict(lists())
    assert after["root"] == before["root"]
    for name in ("people", "seals", "exchange", "nodes"):
        assert number_of(before[name]) < number_of(after[name])
        assert after[name].last_update_utc > before[name].last_update_utc


def test_the_root_may_keep_its_key_elsewhere(office: Office):
    key = office.settings.instance / "keys" / "root.key"
    key.unlink()
    with transaction():
        RevocationList.delete().execute()
    assert revocation.renew(ids.now()) == 4
    issue(ANOTHER)
    with connection():
        newest = Package.select().order_by(Package.id.desc()).get()
    found = examine(blobs().get(newest.blob), [authority().certificate("root")])
    assert (found.number, len(found.unlisted)) == (100, 1)
    assert "Root" in found.unlisted[0]


def test_what_a_revoked_key_signed_before_stays_good_and_after_does_not(office: Office):
    before, certificate = sent(), exchange_certificate()
    admin = office.desk("何静")
    office.act(admin, revoke_certificate, certificate=certificate, reason="密钥泄露")
    (entry,) = lists("exchange")[-1][1]
    assert entry.serial_number == x509.load_cert(certificate.encode()).serial_number
    root = authority().certificate("root")
    assert examine(before, [root]).number == 100
    with pytest.raises(Conflict, match="certificates.revoked"):
        office.act(admin, revoke_certificate, certificate=certificate, reason="再次")
    ids.set_clock(lambda: ids._system_clock() + timedelta(seconds=3))
    try:
        issue(ANOTHER)
    finally:
        ids.set_clock(None)
    with connection():
        stopped = Package.select().order_by(Package.id.desc()).get()
        errors = [one.error for one in Effect.select() if stopped.uid in str(one.payload)]
    assert (stopped.state, stopped.blob) == ("claimed", "")
    assert any("213" in error for error in errors)


def test_a_revoked_seal_is_closed(office: Office):
    with connection():
        certificate = seal_of(OFFICE).certificate
    office.act(office.desk("何静"), revoke_certificate, certificate=certificate, reason="换发印章")
    with connection(), pytest.raises(Exception, match="seals.none"):
        seal_of(OFFICE)
    assert len(list(lists("seals")[-1][1])) == 1


def test_only_our_own_certificates_can_be_revoked(office: Office):
    strange = x509.pem(x509.new_root("Elsewhere").cert).decode()
    with pytest.raises(Unverified, match="x509.chain"):
        office.act(office.desk("何静"), revoke_certificate, certificate=strange, reason="x")


def test_log_verify_names_a_revocation_that_was_taken_out(office: Office):
    office.act(
        office.desk("何静"), revoke_certificate, certificate=exchange_certificate(), reason="x"
    )
    assert not [why for _, why in reconcile() if "on no list" in why]
    with transaction():
        RevokedCertificate.delete().execute()
    assert [why for _, why in reconcile() if "on no list" in why]
