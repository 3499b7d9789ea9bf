"""Units, posts, rights, sessions and phases."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from kernel.acts.gate import prepare
from kernel.acts.house import confirm, grants, keys, rollout
from kernel.crypto import canonical, ids, suites
from kernel.errors import Invalid, NotFound, NotSignedIn, Refused
from kernel.identity import credentials, sessions, units
from kernel.identity.desk import Desk, desk_of, require
from kernel.identity.models import Credential, Person, Post, Unit
from kernel.identity.phases import connected, phase_of
from kernel.storage.database import connection, transaction
from kernel.testing_office import ORIGIN, Office

TOWNSHIP = "620702101"


@pytest.fixture
def later() -> Iterator[Callable[[timedelta], None]]:
    """Set the clock forward."""
    yield lambda step: ids.set_clock(lambda: ids._system_clock() + step)
    ids.set_clock(None)


def sign_in(office: Office, name: str) -> str:
    desk = office.desk(name)
    with transaction():
        return sessions.start(desk.post, desk.credential)


def found(token: str) -> Desk | None:
    with connection():
        return sessions.find(token, ORIGIN)


def advance(office: Office, phase: int) -> None:
    proposal = office.act(office.desk("杨帆"), rollout.advance, phase=phase).result
    office.act(office.desk("何静"), confirm.confirm, proposal)


@pytest.mark.parametrize("name", ["市委办", "市委办公室", "620700-CPCO", "中共张掖市委办公室"])
def test_a_unit_is_found_by_all_its_names(office: Office, name: str):
    with connection():
        unit = units.by_name(name)
    assert unit is not None and unit.code == "620700-CPCO"


def test_what_is_addressed_to_a_body_goes_to_its_office(office: Office):
    with connection():
        assert units.expand(["中共甘州区委员会"], sender="") == ["620702-CPCO"]


def test_groups_and_units_become_boxes_once_each_without_the_sender(office: Office):
    with connection():
        boxes = units.expand(
            ["市直各部门、各单位", "市财政局", "市人大常委会办公室"], sender="620700-CPCO"
        )
    assert len(boxes) == len(set(boxes)) and "620700-CPCO" not in boxes
    assert {"620700-GFIN", "620700-GEDU", "620700-NPCO"} <= set(boxes)


def test_every_unknown_recipient_is_named(office: Office):
    with connection(), pytest.raises(Invalid) as refusal:
        units.expand(["市财政局", "市天文局", "秘书科"], sender="")
    assert "市天文局" in refusal.value.zh and "秘书科" in refusal.value.zh
    assert "市财政局" not in refusal.value.zh and refusal.value.field == "main"


@pytest.mark.parametrize(
    ("sender", "recipient", "way"),
    [
        ("620700-GFIN", "620700-GOV", "upward"),
        ("620700-CPC", "620702-CPCO", "downward"),
        ("620700-GFIN", "620700-GEDU", "lateral"),
        ("620700-CPCO", "620702-CPCO", "lateral"),
    ],
)
def test_up_down_or_across(office: Office, sender: str, recipient: str, way: str):
    with connection():
        assert units.direction(sender, recipient) == way


def test_a_section_works_within_its_organ(office: Office):
    clerk = office.desk("孙倩")
    assert (clerk.unit.code, clerk.organ_code) == ("620700-CPCO.07", "620700-CPCO")
    assert {"organ:620700-CPCO", "unit:620700-CPCO.07"} < clerk.principals


def test_a_unit_is_connected_when_its_phase_has_come(office: Office):
    with connection():
        clerk = Post.select().join(Unit).where(Unit.code == TOWNSHIP).get()
        assert not connected(clerk.unit) and phase_of(clerk.unit) == 0
        with pytest.raises(Refused, match=r"units\.not_connected"):
            desk_of(clerk)
    advance(office, 3)
    with connection():
        assert phase_of(clerk.unit) == 3
        assert desk_of(clerk).organ_code == TOWNSHIP


def test_the_rollout_only_goes_forward(office: Office):
    advance(office, 3)
    with pytest.raises(Exception, match=r"rollout\.backwards"):
        prepare(office.desk("杨帆"), rollout.advance, phase=2)


def test_rights_come_from_roles_and_signed_grants(office: Office):
    drafter = office.desk("林晓梅")
    assert not drafter.has("exchange.handle")
    for given in (True, False):
        office.act(
            office.desk("何静"),
            grants.grant,
            post=drafter.post.uid,
            level="exchange.handle",
            given=given,
        )
        assert office.desk("林晓梅").has("exchange.handle") == given


def test_nobody_grants_what_he_has_not_nor_elsewhere(office: Office):
    admin = office.desk("孙倩")  # of 市委办公室
    assert admin.has("house.grant") and not admin.has("house.rollout")
    grant: dict[str, Any] = {"given": True}
    with pytest.raises(Refused, match=r"rights\.beyond"):
        prepare(admin, grants.grant, post=office.post("林晓梅").uid, level="house.rollout", **grant)
    other = office.post("刘志强").uid
    with pytest.raises(Refused, match=r"rights\.beyond"):
        prepare(admin, grants.grant, post=other, level="exchange.handle", **grant)


def test_an_unknown_level_cannot_be_granted(office: Office):
    with pytest.raises(Invalid, match=r"rights\.unknown"):
        prepare(
            office.desk("何静"),
            grants.grant,
            post=office.post("林晓梅").uid,
            level="moon.land",
            given=True,
        )


def test_a_session_is_found_by_its_token_and_ends_at_sign_out(office: Office):
    token = sign_in(office, "林晓梅")
    desk = found(token)
    assert desk is not None and desk.person.name == "林晓梅" and desk.origin == ORIGIN
    assert found("x" * 43) is None
    with transaction():
        sessions.end(token)
    assert found(token) is None


@pytest.mark.parametrize(("minutes", "there"), [(29, True), (31, False)])
def test_a_session_ends_when_nobody_uses_it(
    office: Office, later: Callable[[timedelta], None], minutes: int, there: bool
):
    token = sign_in(office, "林晓梅")
    later(timedelta(minutes=minutes))
    assert (found(token) is not None) == there


def test_a_session_in_use_ends_after_twelve_hours(
    office: Office, later: Callable[[timedelta], None]
):
    token = sign_in(office, "林晓梅")
    for quarter in range(1, 48):
        later(timedelta(minutes=15 * quarter))
        assert found(token) is not None
    later(timedelta(hours=12, minutes=1))
    assert found(token) is None


@pytest.mark.database("sqlite")
def test_the_token_is_not_stored(office: Office):
    token = sign_in(office, "林晓梅")
    assert token.encode() not in office.settings.database_path.read_bytes()


def test_revoking_a_key_ends_its_sessions_and_its_use(office: Office):
    token, clerk = sign_in(office, "陈静"), office.desk("陈静")
    office.act(office.desk("何静"), keys.revoke_key, credential=clerk.credential, reason="调离")
    assert found(token) is None
    with transaction(), pytest.raises(Refused, match=r"keys\.revoked"):
        sessions.start(clerk.post, clerk.credential)


def test_a_key_is_issued_by_two_persons_and_says_whose_it_is(office: Office):
    person = office.desk("林晓梅").person
    public = suites.public_b64(suites.new_key())
    proposal = office.act(
        office.desk("杨帆"), keys.issue_key, person=person.uid, kind="soft", public_key=public
    ).result
    with connection():
        assert Credential.select().where(Credential.person == person.uid).count() == 1
    uid = office.act(office.desk("何静"), confirm.confirm, proposal).result
    with connection():
        facts = credentials.active(uid, person.uid)
    assert (facts["name"], facts["public_key"], facts["demo"]) == ("林晓梅", public, True)


def test_a_key_past_its_validity_signs_nothing(office: Office, later: Callable[[timedelta], None]):
    clerk = office.desk("孙倩")
    later(credentials.VALIDITY + timedelta(days=1))
    with connection(), pytest.raises(Refused, match=r"keys\.expired"):
        credentials.active(clerk.credential, clerk.person.uid)


def test_the_key_of_another_person_is_unknown(office: Office):
    clerk, other = office.desk("孙倩"), office.desk("林晓梅")
    with connection(), pytest.raises(Refused, match=r"keys\.unknown"):
        credentials.active(other.credential, clerk.person.uid)


def test_who_left_has_no_desk(office: Office):
    post = office.post("林晓梅")
    with transaction():
        Person.update(active=False).where(Person.id == post.person.id).execute()
    with connection(), pytest.raises(Refused, match=r"identity\.inactive"):
        desk_of(Post.get_by_id(post.id))


def test_moving_to_another_post_of_the_same_person(office: Office):
    token = sign_in(office, "林晓梅")
    desk = found(token)
    assert desk is not None
    with transaction():
        second = Post.create(person=desk.person, unit=Unit.by_code("620700-CPCO.02"), title="科员")
        fresh = sessions.move(desk, second.uid)
        with pytest.raises(NotFound, match=r"identity\.no_post"):
            sessions.move(desk, office.post("王芳").uid)
    moved = found(fresh)
    assert found(token) is None
    assert moved is not None and moved.unit.code == "620700-CPCO.02"


def test_without_a_desk_one_is_asked_to_sign_in():
    with pytest.raises(NotSignedIn):
        require(None)


def test_the_statement_of_a_key_is_what_its_row_says(office: Office):
    with connection():
        rows = list(Credential.select())
        facts = [credentials.read(row.uid) for row in rows]
    assert [(one["credential"], one["person"]) for one in facts] == [
        (row.uid, row.person) for row in rows
    ]
    assert all(canonical.loads(bytes(row.statement))["kind"] == row.kind for row in rows)
