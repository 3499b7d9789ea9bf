"""Rows that show something else than what was signed, changed by SQL: each is named (row 7).

One office in which a document was issued, signed for, sent back, urged, given more time, sent
again, recalled and declared void; then every column that shows something of it is changed.
"""
# ruff: noqa: S608  # these are the statements of an attacker

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from itertools import zip_longest
from typing import Any

import peewee
import pytest

from kernel.acts.house import confirm, rollout
from kernel.acts.house.calendar import set_day
from kernel.acts.house.grants import grant
from kernel.acts.house.looks import set_look
from kernel.acts.house.switches import switch_plugin
from kernel.acts.models import Act, ActPrivate
from kernel.crypto.ids import now, stamp
from kernel.exchange import deadlines
from kernel.exchange.deadlines import set_deadline
from kernel.exchange.ending import void
from kernel.exchange.inbound import send_back
from kernel.exchange.models import Delivery, Evidence
from kernel.exchange.recalling import recall
from kernel.exchange.resending import resend
from kernel.exchange.urging import urge
from kernel.storage import log_check
from kernel.storage.database import connection, db, savepoint, transaction
from kernel.testing_office import Office
from plugins.announcements.acts import publish
from plugins.announcements.models import today
from plugins.contacts.acts import set_card
from plugins.documents.acts.writing import submit
from plugins.documents.line import issue
from plugins.documents.models import Document
from plugins.feedback.acts import answer, write
from plugins.secrecy.models import Verdict
from plugins.workflow import face as workflow
from plugins.workflow.models import FlowRow
from tests.dialect import here
from tests.exchange.notice import CLERKS, CPCO, GEDU, GFIN, NOTICE, opened, package, signed_for
from tests.threats.attacks import catch_up, drop_guards, forge_act, forge_evidence

pytestmark = pytest.mark.early
A, D, E, P = "acts_act", "exchange_delivery", "exchange_evidence", "exchange_package"
DOC, SOME = "documents_document", "(SELECT MAX(id) FROM acts_act WHERE verb = '{}')"
FIRST = "(SELECT MIN(size) FROM log_checkpoint)"
POST = "(SELECT MAX(id) FROM identity_post)"
ROLES = '["system_admin", "security_admin"]'
PUT_IN = (
    "INSERT INTO identity_post (uid, person_id, unit_id, title, roles, rank, active)"
    f" VALUES ('put-in', 1, 1, 'x', '{ROLES}', 1, {{yes}})"
)
LATE = "'2020-01-01T00:00:00.000Z'"


class UndoneError(Exception):
    """Rolls back a change."""


def of_act(verb: str, change: str) -> str:
    return f"UPDATE acts_act SET {change} WHERE id = {SOME.format(verb)}"


def of_delivery(organ: str, change: str, copy: int = 0) -> str:
    return f"UPDATE {D} SET {change} WHERE organ = '{organ}' AND copy = {copy}"


ACTS = {
    "verb": "'documents.discard'",
    "weight": "'recorded'",
    "kind": "'documents.incoming'",
    "subject": "'another'",
    "organ": "'620700-GFIN'",
    "unit": "'another'",
    "post": "'another'",
    "person": "'another'",
    "credential": "'another'",
    "nonce": "'another'",
    "signature_kind": "'node'",
    "leaf": "'another'",
    "at": LATE,
}
SIGNED = {
    **{"sender": "'x'", "sender_name": "'x'", "type": "'x.y'", "title": "'x'", "number": "'x'"},
    **{"urgency": "'特急'", "role": "'cc'", "opened": "NULL", "verified": "NULL", "level": "'x'"},
    **{"delivered": LATE, "settled": LATE, "settled_by": "'x'", "reason": "'x'"},
    **{"claim": "'recall'", "claim_act": "'x'", "sign_by": LATE, "overdue": LATE, "urges": "7"},
    **{"urged": LATE, "mark": "''", "voided": "NULL", "superseded": "'x'", "ended_reason": "'x'"},
    **{"asked": "''", "asked_reason": "'x'", "state": "'delivered'"},
}
"""Columns of a delivery that was signed for, and what they are changed to."""
LISTED = {"attachments": '\'[["x","sha256:x"]]\'', "metadata": '\'{"标题":"x"}\''}
SENT = {
    **{"type": "'x.y'", "title": "'x'", "number": "'x'", "urgency": "'特急'", "body": "'x'"},
    **{"pkg_digest": "'x'", "blob": "'x'", "total": "3", "sign_by": LATE, "sent": LATE},
    **{"ended": "''", "successor": "'x'", "state": "'planned'", "envelope": "x'7b7d'"},
    **{"payload": "'{\"x\":1}'", **LISTED},
}
FILED = {
    **{"state": "'draft'", "title": "'另一个标题'", "main_text": "'另一个主送'", "number": "'x'"},
    **{"sign_off_act": "'x'", "number_act": "'x'", "seal_act": "'x'", "signer_name": "'x'"},
    **{"issued": "'2020-01-01'", "sheet": "'x'", "pdf": "'x'", "pages": "77", "sealed": "'x'"},
    **{"package": "'x'", "body": "'[\"x\"]'", "organ": "'x'", "unit": "'x'"},
    **{"drafter": "'x'", "drafter_post": "'x'", "submitted": "{no}"},
}
REMARK = {
    **{"text": "'x'", "person": "'x'", "post": "'x'", "organ": "'x'", "place": "'x'"},
    **{"reply": "'x'", "replier": "'x'", "replied": LATE, "state": "'open'"},
}
CARD = {
    **{"phone": "'1'", "mobile": "'1'", "room": "'x'", "changed": LATE, "shared": "{yes}"},
    "post": "'x'",
}
TASKS = ("documents.document", "documents.incoming", "exchange.delivery", "acts.proposal")
TASK = ("title = 'x'", "post = 'x'", "organ = 'x'", "level = 'x'", "unit = 'x'")
STEP = ("act", "post", "action", "person", "at", '"to"')
VERSION = ("step", "action", "person", "at")
RUN = {"step": "'sign'", "state": "'done'", "starter": "'x'", "since": LATE, "organ": "'x'"}


def of_task(kind: str, change: str) -> str:
    return f"UPDATE acts_task SET {change} WHERE kind = '{kind}' AND done IS NULL"


CHANGES: list[tuple[str, str]] = [
    # texts
    ("text opinion of act", "UPDATE acts_private SET text = '不同意。' WHERE name = 'opinion'"),
    ("text reason of act", "UPDATE acts_private SET salt = 'x' WHERE name = 'reason'"),
    ("text opinion of act", "DELETE FROM acts_private WHERE name = 'opinion'"),
    ("text other of act", "UPDATE acts_private SET name = 'other' WHERE name = 'opinion'"),
    ("act nobody", "UPDATE acts_private SET act = 'nobody' WHERE name = 'opinion' AND id = {text}"),
    # opinions
    ("opinion ", "UPDATE acts_opinion SET text = '不同意。' WHERE step = '签发'"),
    ("opinion ", "UPDATE acts_opinion SET person = 'another' WHERE step = '签发'"),
    ("opinion ", "UPDATE acts_opinion SET person_name = '张三' WHERE step = '签发'"),
    ("opinion ", "UPDATE acts_opinion SET post_title = '书记' WHERE step = '签发'"),
    ("opinion ", "UPDATE acts_opinion SET subject = 'another' WHERE step = '签发'"),
    ("opinion ", "UPDATE acts_opinion SET organ = 'another' WHERE step = '签发'"),
    ("opinion ", "UPDATE acts_opinion SET scan = 'another' WHERE step = '签发'"),
    ("opinion ", f"UPDATE acts_opinion SET at = {LATE} WHERE step = '签发'"),
    ("opinion ", "UPDATE acts_opinion SET step = '会签' WHERE step = '签发'"),
    ("act ", "DELETE FROM acts_opinion WHERE step = '签发'"),
    ("act nobody", "UPDATE acts_opinion SET act = 'nobody' WHERE step = '签发'"),
    # numbers
    ("series 620700-CPCO/市委办发", "UPDATE acts_series SET next = 91 WHERE name = '市委办发'"),
    ("series 620700-CPCO/市委办发", "UPDATE acts_series SET next = 95 WHERE name = '市委办发'"),
    ("number x/市委办发", "UPDATE acts_series SET organ = 'x' WHERE name = '市委办发'"),
    ("documents.document", "DELETE FROM acts_number WHERE kind = 'documents.document'"),
    ("documents.document", "UPDATE acts_number SET value = 92 WHERE kind = 'documents.document'"),
    ("number ", "UPDATE acts_number SET subject = 'x' WHERE kind = 'documents.document'"),
    ("documents.incoming", "UPDATE documents_incoming SET number = '收〔2026〕9号'"),
    # the exchange
    (f"delivery {GFIN}", of_delivery(GFIN, "state = 'returned'")),
    (f"delivery {GEDU}", of_delivery(GEDU, "state = 'delivered'")),
    (f"delivery {GEDU}", of_delivery(GEDU, "reason = '另一个原因'")),
    (f"delivery {GEDU}", of_delivery(GEDU, "voided = " + LATE)),
    (f"delivery {GFIN}", of_delivery(GFIN, "asked = 'x'")),
    (f"delivery {GFIN}", of_delivery(GFIN, "claim = 'agree_recall', claim_act = 'x'")),
    (f"to {GFIN}", f"DELETE FROM {D} WHERE organ = '{GFIN}'"),
    ("delivery 620702-CPCO", f"UPDATE {D} SET organ = 'x' WHERE organ = '620702-CPCO'"),
    ("delivery ", of_delivery(GEDU, "copy = 7", copy=1)),
    ("evidence ", f"UPDATE {E} SET at = {LATE} WHERE type = 'C1'"),
    ("evidence ", f"UPDATE {E} SET type = 'C2' WHERE type = 'C1'"),
    ("evidence ", f"UPDATE {E} SET organ = '{GEDU}' WHERE type = 'C1'"),
    ("evidence ", f"UPDATE {E} SET act = {{act}} WHERE type = 'C1'"),
    ("evidence ", f"UPDATE {E} SET leaf = 'x' WHERE type = 'C1'"),
    ("evidence ", f"UPDATE {E} SET conflict = {{yes}} WHERE type = 'C1'"),
    ("evidence ", f"DELETE FROM {E} WHERE type = 'X5'"),
    ("documents.incoming", "UPDATE documents_incoming SET title = 'x'"),
    ("delivery ", "DELETE FROM documents_incoming"),
    # versions of a document
    ("version ", 'UPDATE documents_version SET content = \'{"title":"x"}\' WHERE number = 1'),
    ("version ", "UPDATE documents_version SET act = 'x' WHERE number = 1"),
    *(("version ", f"UPDATE documents_version SET {n} = 'x' WHERE number = 1") for n in VERSION),
    ("act ", "DELETE FROM documents_version WHERE number = 1"),
    # the house
    ("proposal ", "UPDATE acts_proposal SET state = 'confirmed' WHERE state = 'open'"),
    ("proposal ", "UPDATE acts_proposal SET state = 'void' WHERE state = 'open'"),
    ("proposal ", "UPDATE acts_proposal SET act = 'nobody' WHERE state = 'open'"),
    ("act ", "DELETE FROM acts_proposal WHERE state = 'open'"),
    ("on acts.proposal ", "UPDATE acts_task SET done = NULL WHERE kind = 'acts.proposal'"),
    (
        "on documents.document ",
        "UPDATE acts_task SET done = NULL WHERE kind = 'documents.document'",
    ),
    ("proposal ", "UPDATE acts_proposal SET proposer = 'another' WHERE state = 'open'"),
    ("acts.proposal ", "DELETE FROM acts_proposal WHERE state = 'declined'"),
    ("exchange.package ", f"UPDATE {P} SET version = 1"),
    ("grant ", "UPDATE identity_grant SET level = 'house.grant'"),
    ("grant of act ", "DELETE FROM identity_grant"),
    ("switch of documents", "UPDATE plugins_activation SET organ = '620700-GFIN'"),
    ("switch of ", "DELETE FROM plugins_activation"),
    ("guard secrecy", "UPDATE plugins_guard SET removed = {yes} WHERE name = 'secrecy'"),
    ("guard secrecy", "UPDATE plugins_guard SET act = 'x' WHERE name = 'secrecy'"),
    # what the founding admitted
    ("post ", f"UPDATE identity_post SET roles = '{ROLES}' WHERE id = {POST}"),
    ("post ", f"UPDATE identity_post SET unit_id = 1 WHERE id = {POST}"),
    ("post ", f"UPDATE identity_post SET person_id = 1 WHERE id = {POST}"),
    ("post ", f"DELETE FROM identity_post WHERE id = {POST}"),
    ("post put-in", PUT_IN),
    ("person ", "UPDATE identity_person SET name = '张三' WHERE name = '王芳'"),
    # the log
    ("checkpoints", "DELETE FROM log_checkpoint"),
    ("checkpoint ", f"DELETE FROM log_checkpoint WHERE size = {FIRST}"),
    # what is entered
    ("look ", "UPDATE identity_look SET letter_name = '另一个机关'"),
    ("look ", "DELETE FROM identity_look"),
    ("day 2027-02-05", "UPDATE work_day SET name = '另一天'"),
    ("announcements.announcement ", "UPDATE announcements_announcement SET title = 'x'"),
    ("announcements.announcement ", "UPDATE announcements_announcement SET body = 'x'"),
    ("announcements.announcement ", "UPDATE announcements_announcement SET state = 'withdrawn'"),
    ("announcements.announcement", "DELETE FROM announcements_announcement"),
]
# Changed together, one of each list in a round: no two of them touch the same rows, and none is
# named because of another one. Of a package its deliveries are, of an act its document.
OF_ACT = [("act ", of_act("documents.sign_off", f"{n} = {v}")) for n, v in ACTS.items()]
OF_PACKAGE = [(f"package {CPCO}", f"UPDATE {P} SET {n} = {v}") for n, v in SENT.items()]
OF_DELIVERY = [(f"delivery {GFIN}", of_delivery(GFIN, f"{n} = {v}")) for n, v in SIGNED.items()]
OF_DOCUMENT = [("documents.document", f"UPDATE {DOC} SET {n} = {v}") for n, v in FILED.items()]
REMARKS = [
    *(("feedback.remark ", f"UPDATE feedback_remark SET {n} = {v}") for n, v in REMARK.items()),
    ("feedback.remark of 620700-CPCO", "DELETE FROM feedback_remark"),
]
CARDS = [
    *(("card of post ", f"UPDATE contacts_card SET {n} = {v}") for n, v in CARD.items()),
    ("card of post ", "DELETE FROM contacts_card"),
]
GIVEN = [[(f"on {kind} ", of_task(kind, change)) for change in TASK] for kind in TASKS]
GIVEN = [
    [*some, (f"{kind} x", of_task(kind, "subject = 'x'"))]
    for some, kind in zip(GIVEN, TASKS, strict=True)
]
TAKEN = [
    *[None] * 5,  # in rounds of their own: they decide whose a task is
    *(("step ", f"UPDATE workflow_move SET {n} = 'x' WHERE step = 'draft'") for n in STEP),
    ("step ", "UPDATE workflow_move SET received = 'x' WHERE step = 'sign'"),
    *(("workflow of ", f"UPDATE workflow_run SET {n} = {v}") for n, v in RUN.items()),
    ("workflow of ", "DELETE FROM workflow_move"),
]
TOGETHER: list[list[list[Any]]] = [
    [REMARKS, CARDS, *GIVEN, TAKEN],
    [OF_ACT, OF_PACKAGE],
    [OF_DELIVERY, OF_DOCUMENT],
]
ROUNDS = [
    [one for one in some if one is not None] for lists in TOGETHER for some in zip_longest(*lists)
]


def story(office: Office, later: Callable[[timedelta], None]) -> None:
    """Everything that can happen to a package, once; and what the house decides."""
    clerk, admin = office.desk(CLERKS[CPCO]), office.desk("何静")
    signed_for(office, GFIN)
    office.act(office.desk(CLERKS[GEDU]), send_back, opened(office, GEDU), reason="缺附件")
    office.act(clerk, urge, package(), units=[])
    soon = stamp(now() + timedelta(days=3))
    office.act(clerk, set_deadline, package(), sign_by=soon, units=[], reason="节前")
    assert deadlines.note_overdue(now() + timedelta(days=4))
    office.act(clerk, resend, package(), units=[GEDU], reason="误退")
    later(timedelta(hours=1))
    office.act(clerk, recall, package(), reason="有误", ask=True)
    office.act(clerk, void, package(), reason="作废重发")
    post = office.post("王芳").uid
    office.act(admin, grant, post=post, level="house.switch", given=True)
    one, two = (
        office.act(office.desk("杨帆"), rollout.advance, phase=phase).result for phase in (2, 3)
    )
    office.act(admin, confirm.decline, one, reason="太早")
    assert two is not None
    office.act(office.desk("杨帆"), switch_plugin, organ=CPCO, plugin="documents", on=True)
    look = {"theme": "", "mark": "", "logo": "", "product": "", "support": "", "notice": ""}
    office.act(office.desk("杨帆"), set_look, **look, letter_name="市委办")
    office.act(office.desk("杨帆"), set_day, day="2027-02-05", works=False, name="a", source="b")
    told = {"title": "停电", "body": "今晚停电。", "scope": "organ"}
    office.act(office.desk("李建国"), publish, **told, **period())
    remark = office.act(clerk, write, text="字号太小 ", place="/tasks").result
    office.act(office.desk("杨帆"), answer, remark, reply="已调大")
    office.act(office.desk("杨帆"), answer, remark, reply="已调大一号")
    for phone in ("8210", "8211"):
        office.act(clerk, set_card, phone=phone, mobile="", room="201", shared=False)
    on_its_way(office)
    catch_up()


def on_its_way(office: Office) -> None:
    """A document that lies with one of those who may review it."""
    drafter = office.desk("林晓梅")
    uid = issue(NOTICE | {"title": "关于值班的通知"}, until="draft").document
    with connection():
        document = Document.get(Document.uid == uid)
        to = workflow.who_acts_next(drafter, document)[0].post
    office.act(drafter, submit, document, next_post=to)


def period() -> dict[str, str]:
    """Today, as an announcement names it."""
    return {"starts": today().isoformat(), "ends": today().isoformat()}


def places_after(*changes: str) -> list[str]:
    """What ``log verify`` says after some changes, which are then undone."""
    found: list[str] = []
    with suppress(UndoneError), savepoint():
        for change in changes:
            db.execute_sql(change)
        found += [f"{one.where} | {one.what}" for one in log_check.verify().problems]
        raise UndoneError
    return found


def test_every_row_that_shows_what_was_not_signed_is_named(
    office: Office, later: Callable[[timedelta], None]
):
    story(office, later)
    with connection():
        assert log_check.verify().problems == []
        names = _names()
    missed: list[str] = []
    with suppress(UndoneError), transaction():
        drop_guards()
        for some in [*([one] for one in CHANGES), *ROUNDS]:
            mine = [_of_this_office(*one, names) for one in some]
            found = places_after(*(here(change) for _, change in mine))
            for place, change in mine:
                if not any(place in one.partition(" | ")[0] for one in found):
                    missed.append(f"{change}: {place!r} is not in {found[:3]}")
            missed += [f"not in both languages: {one}" for one in found if " / " not in one]
        raise UndoneError
    assert missed == []


def _names() -> dict[str, str]:
    rows = Delivery.select().order_by(Delivery.id)
    names = {f"delivery {row.organ}": f"delivery {row.uid}" for row in rows if not row.copy}
    return names | {f"package {CPCO}": f"package {package().uid}"}


def _of_this_office(place: str, change: str, names: dict[str, str]) -> tuple[str, str]:
    first = Act.select(Act.uid).order_by(Act.id).scalar()
    text = ActPrivate.select(ActPrivate.id).where(ActPrivate.name == "opinion").scalar()
    return names.get(place, place), change.replace("{act}", f"'{first}'").replace(
        "{yes}", "true"
    ).replace("{no}", "false").replace("{text}", str(text))


@pytest.mark.both
def test_marked_text_with_a_verdict_put_in_is_named(office: Office):
    """Whoever writes to the tables can let the check believe that it has seen the text."""
    uid = issue(NOTICE | {"title": "关于值班的通知"}, until="draft").document
    with transaction():
        Document.update(body=["请阅。", "机密★1年"]).where(Document.uid == uid).execute()
        Verdict.create(digest=Document.get(Document.uid == uid).digest(), ok=True)
    drafter = office.desk("林晓梅")
    with connection():
        document = Document.get(Document.uid == uid)
        to = workflow.who_acts_next(drafter, document)[0].post
    office.act(drafter, submit, document, next_post=to)
    with connection():
        (found,) = [one for one in log_check.verify().problems if "机密" in one.what]
    assert found.where == f"documents.document {uid}" and "secrecy officer" in found.what


@pytest.mark.both
def test_a_flow_with_other_steps_than_its_plugins_is_named(office: Office):
    on_its_way(office)
    with suppress(UndoneError), transaction():
        row = FlowRow.get(FlowRow.key == "documents.outgoing")
        row.definition["steps"][3]["level"] = "documents.draft"
        row.save()
        found = [one.where for one in log_check.verify().problems]
        assert f"flow documents.outgoing {row.version}" in found
        raise UndoneError


@pytest.mark.both
@pytest.mark.parametrize("kind", ["exchange.delivery", "documents.document", "acts.proposal"])
def test_what_nobody_has_to_do_any_more_though_it_is_not_done_is_named(office: Office, kind: str):
    on_its_way(office)
    office.act(office.desk("杨帆"), rollout.advance, phase=2)
    catch_up()
    with suppress(UndoneError), transaction():
        assert log_check.verify().problems == []
        found = places_after(of_task(kind, f"done = {LATE}"))
        assert found and all(one.startswith(f"{kind} ") for one in found)
        raise UndoneError


@pytest.mark.both
def test_what_was_put_in_together_with_its_leaf_is_named(office: Office):
    """Whoever writes to the tables can let the log take up anything, but cannot sign it."""
    signed_for(office, GFIN)
    found: dict[str, str] = {}
    with suppress(UndoneError), transaction():
        forge_act(Act.get(Act.verb == "exchange.sign_for").uid)
        forge_evidence(Evidence.get(Evidence.type == "C1").uid)
        found |= {one.where: one.what for one in log_check.verify().problems}
        raise UndoneError
    assert found.keys() == {"act forged", "evidence forged"}
    assert all("signature does not hold" in what for what in found.values())


@pytest.mark.both
@pytest.mark.parametrize("table", ["acts_act", "acts_private", "acts_opinion"])
@pytest.mark.parametrize("change", ["UPDATE {} SET act = 'x'", "DELETE FROM {}"])
def test_what_was_signed_is_only_ever_inserted(office: Office, table: str, change: str):
    change = change.replace("act =", "uid =") if table == "acts_act" else change
    with pytest.raises(peewee.IntegrityError, match=f"{table} is insert-only"), transaction():
        db.execute_sql(change.format(table))
