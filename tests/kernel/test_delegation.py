"""代办 and 代录: what a leader lets others do in his name, and everything that is refused."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from kernel.acts import gate, opinions, outbox
from kernel.acts.house import delegating, ledger, presence
from kernel.acts.models import Act, Notice
from kernel.acts.signatures import record
from kernel.crypto import canonical, ids, x509
from kernel.crypto.acts_format import verify_record
from kernel.crypto.ids import now, stamp
from kernel.errors import Conflict, Invalid, NotFound, OfficeError, Refused
from kernel.exchange import verify
from kernel.identity import delegations
from kernel.identity.authority import authority
from kernel.identity.desk import Desk
from kernel.identity.models import Delegation, Grant, Person, Post
from kernel.storage.blobs import blobs
from kernel.storage.database import connection, transaction
from kernel.testing_office import Office
from plugins.documents.acts import approving
from plugins.documents.models import Document
from plugins.workflow.face import timeline
from tests.plugins.people import DIRECTOR, DRAFTER, HEAD, LEADER, Flow

REVIEW, SIGN_OFF = "documents.office_review", "documents.sign_off"
PDF = b"%PDF-1.7 the page that the leader signed"


@pytest.fixture
def flow(office: Office) -> Flow:
    return Flow(office)


@pytest.fixture
def later() -> Iterator[Any]:
    """Set the clock forward by so many days."""
    yield lambda days: ids.set_clock(lambda: ids._system_clock() + timedelta(days=days))
    ids.set_clock(None)


def given(office: Office, giver: str, taker: str, names: list[str], **changes: Any) -> Delegation:
    """A delegation, signed by the giver, for a day."""
    post = office.post(taker)
    usual = {
        "taker": post.uid,
        "person": post.person.uid,
        "kind": "delegate",
        "names": names,
        "starts": stamp(now() - timedelta(minutes=1)),
        "ends": stamp(now() + timedelta(days=1)),
    }
    made: Delegation = office.act(
        office.desk(giver), delegating.delegate, **(usual | changes)
    ).result
    return made


def acting(office: Office, taker: str, delegation: Delegation) -> Desk:
    own = office.desk(taker)
    with connection():
        found = delegations.desk_by(own, delegation.uid)
    assert found is not None
    return found


def scan() -> str:
    return blobs().put(PDF)


def transcribing(office: Office) -> Desk:
    """The director, who enters what the leader signed on paper."""
    return acting(office, DIRECTOR, given(office, LEADER, DIRECTOR, [SIGN_OFF], kind="transcribe"))


def test_a_delegate_acts_with_both_names(flow: Flow):
    document = flow.to("office_review")
    desk = acting(flow.office, HEAD, given(flow.office, DIRECTOR, HEAD, [REVIEW]))
    done = flow.office.act(desk, approving.office_review, document, opinion="同意。")
    with connection():
        row = Act.get(Act.uid == done.uid)
        said = canonical.loads(bytes(row.bytes))
        told = opinions.on(document)[-1]
        shown = timeline(flow.fresh(document))
    head, director = flow.office.post(HEAD), flow.office.post(DIRECTOR)
    assert said["mode"] == "delegated"
    assert said["desk"]["person"] == head.person.uid and said["desk"]["post"] == head.uid
    assert said["acting_for"]["person"] == director.person.uid
    assert told.person_name == f"{HEAD}（受{DIRECTOR}委托）"
    assert any(f"{HEAD}（受{DIRECTOR}委托）" == entry.person for entry in shown)
    assert flow.fresh(document).state == "sign"


def test_it_covers_the_granted_verbs_and_looking_and_no_others(flow: Flow):
    office = flow.office
    desk = acting(office, HEAD, given(office, DIRECTOR, HEAD, [REVIEW]))
    document = flow.to("office_review")
    assert desk.has("documents.view") and not desk.has("house.delegate")
    with pytest.raises(Refused, match=r"acts\.not_delegated"):
        gate.prepare(desk, approving.send_back, document, to="draft", reason="重写")


def test_it_cannot_be_passed_on(office: Office):
    desk = acting(office, HEAD, given(office, DIRECTOR, HEAD, [REVIEW]))
    with pytest.raises(Refused, match=r"acts\.not_allowed"):
        gate.prepare(
            desk, delegating.delegate, taker="x", person="x", kind="delegate", names=[REVIEW],
            starts=stamp(now()), ends=stamp(now()),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        ([SIGN_OFF], "delegate"),
        (["documents.seal"], "delegate"),
        (["documents.seal"], "transcribe"),
        (["house.delegate"], "delegate"),
        (["exchange.sign_for"], "delegate"),
        (["documents.unknown"], "delegate"),
    ],
)
def test_what_is_not_to_be_delegated_or_not_ones_own_is_refused(
    office: Office, names: list[str], kind: str
):
    """Sign-off and seal; what the leader himself may not do; what there is not."""
    with pytest.raises(Refused, match=r"rights\.delegation_beyond"):
        given(office, LEADER, DIRECTOR, names, kind=kind)


@pytest.mark.parametrize("names", [[], [SIGN_OFF]])
def test_a_kind_that_there_is_not_or_nothing_is_refused(office: Office, names: list[str]):
    with pytest.raises(Invalid, match=r"rights\.delegation_names"):
        given(office, LEADER, DIRECTOR, names, kind="transcribe" if not names else "other")


def test_nobody_delegates_to_himself_outside_or_to_an_administrator(office: Office):
    with pytest.raises(Invalid, match=r"rights\.delegation_taker"):
        given(office, DIRECTOR, DIRECTOR, [REVIEW])
    with pytest.raises(Refused, match=r"rights\.delegation_outside"):
        given(office, DIRECTOR, "刘志强", [REVIEW])
    with pytest.raises(NotFound, match=r"rights\.post"):
        given(office, DIRECTOR, HEAD, [REVIEW], person=office.post(DRAFTER).person.uid)
    with transaction():
        Post.update(roles=["audit_admin"]).where(Post.uid == office.post(HEAD).uid).execute()
    with pytest.raises(Refused, match=r"rights\.delegation_outside"):
        given(office, DIRECTOR, HEAD, [REVIEW])


@pytest.mark.parametrize(("first", "last"), [(1, 0), (0, 367), (-10, -1)])
def test_a_period_without_end_or_in_the_past_is_refused(office: Office, first: int, last: int):
    period = {
        "starts": stamp(now() + timedelta(days=first)),
        "ends": stamp(now() + timedelta(days=last)),
    }
    with pytest.raises(Invalid, match=r"rights\.delegation_last"):
        given(office, DIRECTOR, HEAD, [REVIEW], **period)


def test_who_has_no_level_to_delegate_gives_nothing(office: Office):
    with pytest.raises(Refused, match=r"acts\.not_allowed"):
        given(office, DRAFTER, HEAD, ["documents.send_back"])


def _end_by_giver(office: Office, row: Delegation) -> None:
    office.act(office.desk(DIRECTOR), delegating.end_delegation, delegation=row.uid)


def _end_by_taker(office: Office, row: Delegation) -> None:
    office.act(office.desk(HEAD), delegating.end_delegation, delegation=row.uid)


def _post_ends(office: Office, row: Delegation) -> None:
    with transaction():
        Post.update(active=False).where(Post.uid == row.giver).execute()


def _person_leaves(office: Office, row: Delegation) -> None:
    with transaction():
        uid = office.post(DIRECTOR).person.uid
        Person.update(active=False).where(Person.uid == uid).execute()


@pytest.mark.parametrize("end", [_end_by_giver, _end_by_taker, _post_ends, _person_leaves])
def test_it_ends_at_once_between_the_page_and_the_act(flow: Flow, end: Any):
    office = flow.office
    document = flow.to("office_review")
    row = given(office, DIRECTOR, HEAD, [REVIEW])
    desk = acting(office, HEAD, row)
    prepared = gate.prepare(desk, approving.office_review, document, opinion="同意。")
    end(office, row)
    with pytest.raises(OfficeError, match=r"rights\.delegation_ended"):
        gate.perform(desk, prepared)
    with connection():
        assert delegations.desk_by(office.desk(HEAD), row.uid) is None
    assert flow.fresh(document).state == "office_review"


def test_it_ends_with_its_period(flow: Flow, later: Any):
    document = flow.to("office_review")
    desk = acting(flow.office, HEAD, given(flow.office, DIRECTOR, HEAD, [REVIEW]))
    later(2)
    with pytest.raises(Refused, match=r"rights\.delegation_ended"):
        gate.prepare(desk, approving.office_review, document, opinion="同意。")


def test_the_giver_who_loses_a_right_takes_it_along(office: Office):
    row = given(office, DIRECTOR, HEAD, [REVIEW])
    with transaction():
        Grant.create(
            post=office.post(DIRECTOR).uid, level="documents.office_review", given=False, act="x"
        )
    assert not acting(office, HEAD, row).has("documents.office_review")


def test_another_person_at_the_post_does_not_inherit_it(office: Office):
    row = given(office, DIRECTOR, HEAD, [REVIEW])
    own, other = office.desk(HEAD), office.desk(DRAFTER)
    with transaction():
        Delegation.update(taker_person=other.person.uid).execute()
        assert delegations.desk_by(own, row.uid) is None
        assert delegations.desk_by(other, row.uid) is None


@pytest.mark.parametrize(
    "change",
    [
        {"act": "nothing"},
        {"verbs": [REVIEW, SIGN_OFF]},
        {"levels": ["documents.sign"]},
        {"kind": "transcribe"},
        {"ends": now() + timedelta(days=300)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_row_that_says_more_than_its_giver_signed_opens_nothing(office: Office, change: Any):
    row = given(office, DIRECTOR, HEAD, [REVIEW])
    own, desk = office.desk(HEAD), acting(office, HEAD, row)
    with transaction():
        Delegation.update(**change).where(Delegation.uid == row.uid).execute()
    with connection():
        assert delegations.desk_by(own, row.uid) is None
        assert delegations.to(own.post) == []
    with pytest.raises(Refused, match=r"rights\.delegation_ended"):
        office.act(desk, presence.sign_out)
    assert named(row)


def test_a_row_inserted_by_hand_beside_another_act_opens_nothing(office: Office):
    row = given(office, DIRECTOR, HEAD, [REVIEW])
    drafter = office.desk(DRAFTER)
    facts = {"taker": drafter.post.uid, "taker_person": drafter.person.uid, "verbs": [REVIEW]}
    same = {name: getattr(row, name) for name in ("giver", "kind", "levels", "starts", "ends")}
    with connection():
        newest = Act.select().order_by(Act.id.desc()).first()
    for act in (row.act, newest.uid):
        with transaction():
            Delegation.delete().execute()
            made = Delegation.create(act=act, **facts, **same)
            assert delegations.desk_by(drafter, made.uid) is None
        assert named(made)


def test_what_was_ended_and_holds_again_is_named(office: Office):
    row = given(office, DIRECTOR, HEAD, [REVIEW])
    assert not named(row)
    office.act(office.desk(DIRECTOR), delegating.end_delegation, delegation=row.uid)
    with transaction():
        Delegation.update(ended=None).execute()
    assert named(row)


def named(row: Delegation) -> bool:
    """Whether ``log verify`` speaks of this delegation."""
    return f"delegation {row.uid}" in {where for where, _ in ledger.reconcile()}


def test_another_desk_of_the_same_person_cannot_use_what_was_prepared(flow: Flow):
    office = flow.office
    document = flow.to("office_review")
    desk = acting(office, HEAD, given(office, DIRECTOR, HEAD, [REVIEW]))
    prepared = gate.prepare(desk, approving.office_review, document, opinion="同意。")
    with pytest.raises(Conflict, match=r"acts\.other_desk"):
        gate.perform(office.desk(HEAD), prepared)


def test_ending_what_is_not_ones_own_is_refused(office: Office):
    row = given(office, DIRECTOR, HEAD, [REVIEW])
    with pytest.raises(NotFound, match=r"rights\.no_delegation"):
        office.act(office.desk(DRAFTER), delegating.end_delegation, delegation=row.uid)


def test_a_transcribed_sign_off_names_both_and_carries_the_scan(flow: Flow):
    office, document = flow.office, flow.to("sign")
    desk = transcribing(office)
    digest = scan()
    done = office.act(desk, approving.sign_off, document, opinion="同意印发。", scan=digest)
    assert flow.fresh(document).signer_name == LEADER
    with connection():
        told = opinions.on(document)[-1]
        data = record(done.uid)
    assert (told.scan, told.person_name) == (digest, f"{DIRECTOR}（代录，{LEADER}原批）")
    known = [authority().certificate(name) for name in ("people", "nodes")]
    facts = verify_record(data, x509.Trust([authority().certificate("root")], known))
    assert facts.act["mode"] == "transcribed" and facts.params["scan"] == digest
    pems = [x509.pem(one) for one in known]
    alone = verify.read_act(data, verify.Trust([authority().certificate("root")], pems))
    assert alone.facts["acting_for"]["person"] == office.post(LEADER).person.uid


def test_the_leader_is_told_of_what_was_entered_for_him(flow: Flow):
    document, digest = flow.to("sign"), scan()
    outbox.drain()
    flow.office.act(
        transcribing(flow.office), approving.sign_off, document, opinion="同意。", scan=digest
    )
    outbox.drain()
    with connection():
        post = flow.office.post(LEADER).uid
        told = [one.zh for one in Notice.select().where(Notice.post == post)]
    assert any("为您代录“签发”" in one and DIRECTOR in one for one in told), told


@pytest.mark.parametrize("digest", ["", "sha256:" + "00" * 32, "x"])
def test_transcribing_without_the_scan_is_refused(flow: Flow, digest: str):
    document = flow.to("sign")
    with pytest.raises(Invalid, match=r"acts\.scan"):
        gate.prepare(
            transcribing(flow.office), approving.sign_off, document, opinion="同意。", scan=digest
        )


def test_a_scan_is_for_transcribing_only(flow: Flow):
    document = flow.to("sign")
    leader = flow.office.desk(LEADER)
    with pytest.raises(Invalid, match=r"acts\.scan"):
        gate.prepare(leader, approving.sign_off, document, opinion="同意。", scan=scan())


def test_two_acts_of_one_title_are_told_apart_where_they_are_given(office: Office):
    """The giver signs “退回” of what came in apart from that of a draft."""
    backs = ["documents.send_back", "exchange.send_back"]
    with connection():
        titles = {delegating.title_of(name) for name in backs}
        english = {delegating.title_of(name, "en") for name in backs}
        assert delegating.title_of(REVIEW) == "办公室核稿"
    assert titles == {"退回（公文办理）", "退回（公文交换）"}
    assert english == {"Send back (Documents)", "Send back (Exchange)"}
    clerk = office.browser()
    clerk.login("孙倩")
    page = clerk.get("/account/delegations").text
    assert all(page.count(f">{title}<") == 1 for title in titles) and ">退回<" not in page
    today, taker = now() + timedelta(hours=8), office.post(HEAD)
    form = {"kind": "delegate", "taker": taker.uid, "names": backs, "first": f"{today:%Y-%m-%d}"}
    confirm = clerk.post("/account/delegations", data=form | {"last": form["first"]}).text
    assert "退回（公文办理）、退回（公文交换）。" in confirm


def the_uid(page: str) -> str:
    found = re.search(r'value="delegation:([^"]+)"', page)
    assert found
    return found.group(1)


def test_in_the_browser(flow: Flow):
    """Give it, go to that desk, enter the page that was signed, look at the scan, take it back."""
    office, document = flow.office, flow.to("sign")
    leader, director = office.browser(), office.browser()
    leader.login(LEADER)
    page = leader.get("/account/delegations").text
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids)), "two forms, each with fields of its own"
    assert "新的代录委托" in page and "documents.seal" not in page
    form = {
        "kind": "transcribe",
        "taker": office.post(DIRECTOR).uid,
        "names": [SIGN_OFF],
        "first": "2020-01-01",
        "last": "2020-02-01",
    }
    assert leader.post("/account/delegations", data=form).status_code == 422
    today = now() + timedelta(hours=8)
    form |= {"first": f"{today:%Y-%m-%d}", "last": f"{today + timedelta(days=30):%Y-%m-%d}"}
    confirm = leader.post("/account/delegations", data=form).text
    assert f"委托{DIRECTOR}" in confirm and "签发" in confirm
    nonce = re.search(r'name="nonce" value="([^"]+)"', confirm)
    assert nonce
    assert "已完成" in leader.post("/acts/confirm", data={"nonce": nonce[1]}).text

    director.login(DIRECTOR)
    uid = the_uid(director.get("/account/delegations").text)
    home = director.post("/me/desk", data={"post": f"delegation:{uid}"}).text
    assert f"您正在代录{LEADER}的纸质签批" in home
    where = f"/documents/out/{document.uid}"
    sheet = director.get(where).text
    assert 'name="scan"' in sheet
    said = {"version": str(document.version), "opinion": "同意印发。", "next_post": ""}
    refused = director.post(f"{where}/actions/sign_off", data=said)
    assert refused.status_code == 422 and "代录须上传" in refused.text
    own, before = office.browser(), set(blobs().digests())
    own.login(LEADER)  # at his own desk nobody transcribes: refused, and nothing is left on disk
    unasked = {"scan": ("page.pdf", PDF + b"%unasked")}
    refused = own.post(f"{where}/actions/sign_off", data=said, files=unasked)
    assert refused.status_code == 422 and "只有代录时" in refused.text
    assert set(blobs().digests()) == before
    fake = {"scan": ("page.pdf", b"MZ no page at all")}
    assert director.post(f"{where}/actions/sign_off", data=said, files=fake).status_code == 422
    confirm = director.post(
        f"{where}/actions/sign_off", data=said, files={"scan": ("page.pdf", PDF)}
    ).text
    assert f"{DIRECTOR}（代录，{LEADER}原批）" in confirm
    nonce = re.search(r'name="nonce" value="([^"]+)"', confirm)
    assert nonce
    done = director.post("/acts/confirm", data={"nonce": nonce[1]}).text
    link = re.search(r'href="(/documents/out/[^"]+/scans/[^"]+)"', done)
    assert link and f"{DIRECTOR}（代录，{LEADER}原批）" in done
    assert director.get(link[1]).content == PDF
    assert director.get(f"{where}/scans/sha256:{'00' * 32}").status_code == 404

    assert director.post("/logout").status_code == 200
    director.login(DIRECTOR)
    director.post("/me/desk", data={"post": f"delegation:{uid}"})
    leader.post("/account/delegations/end", data={"delegation": uid})
    assert "您正在代录" not in director.get("/").text
    with connection():
        assert Document.get(Document.uid == document.uid).signer_name == LEADER
