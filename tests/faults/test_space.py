"""Before the disk is full: acts are refused in words, reading goes on, the node finishes."""

import pytest

from kernel.acts import gate, outbox
from kernel.acts.models import Act
from kernel.errors import Unavailable
from kernel.exchange.inbound import sign_for
from kernel.storage.blobs import blobs
from kernel.storage.database import connection
from kernel.testing_office import Office
from tests.exchange.notice import CLERKS, GEDU, GFIN, browser_of, delivery, opened


def test_with_little_room_left_nothing_more_is_accepted_and_what_was_is_finished(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    clerk, other = office.desk(CLERKS[GFIN]), office.desk(CLERKS[GEDU])
    accepted = gate.prepare(clerk, sign_for, opened(office, GFIN))
    waiting = gate.prepare(other, sign_for, opened(office, GEDU))
    gate.perform(clerk, accepted, office.sign(clerk, accepted))
    monkeypatch.setattr(blobs(), "_reserve", 2**62)
    with connection():
        before = Act.select().where(Act.person == other.person.uid).count()
    with pytest.raises(Unavailable, match=r"storage\.full"):
        gate.perform(other, waiting, office.sign(other, waiting))
    with connection():
        assert Act.select().where(Act.person == other.person.uid).count() == before
    # The receipt, and those concerned are told of it.
    assert outbox.drain() == 2 and delivery(GFIN).state == "signed"
    assert browser_of(office, GEDU).get("/tasks").status_code == 200

    monkeypatch.undo()
    gate.perform(other, waiting, office.sign(other, waiting))
    outbox.drain()
    assert delivery(GEDU).state == "signed"
