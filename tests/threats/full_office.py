"""An office in which everything has happened at least once: rows in all tables that acts decide.

What is done with one package after the other, with documents at every step, with keys, seals,
rights, plugins, proposals, announcements, remarks and cards; by several organs.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from kernel.acts.house import confirm, keys
from kernel.acts.house.calendar import set_day
from kernel.crypto import suites
from kernel.crypto.ids import now, stamp
from kernel.exchange.consenting import agree_recall, refuse_recall
from kernel.exchange.deadlines import set_deadline
from kernel.exchange.ending import supersede
from kernel.exchange.inbound import send_back
from kernel.exchange.models import Package
from kernel.exchange.recalling import recall
from kernel.exchange.resending import request_resend, resend
from kernel.exchange.submission import submit as hand_in
from kernel.identity import enrolments
from kernel.identity.authenticators import Offered
from kernel.storage.blobs import blobs
from kernel.storage.database import connection, transaction
from kernel.testing_office import Office
from plugins.announcements.acts import publish, withdraw
from plugins.announcements.models import today
from plugins.contacts.acts import set_card
from plugins.documents.acts import approving, issuing, receiving, writing
from plugins.documents.line import issue
from plugins.documents.models import Document, Incoming
from plugins.feedback.acts import write
from tests.exchange.after import SECOND
from tests.exchange.notice import CLERKS, CPCO, GEDU, GFIN, delivery, opened, signed_for
from tests.kernel.test_delegation import scan, transcribing
from tests.plugins.documents.test_ink import STROKES
from tests.plugins.people import DIRECTOR, DRAFTER, HEAD, KEEPER, LEADER, Flow, short
from tests.threats import test_founded_rows, test_numbered_rows, test_rows
from tests.threats.attacks import catch_up

Later = Callable[[timedelta], None]
HOUR = timedelta(hours=1)


def fill(office: Office, later: Later) -> None:
    """All of it; the clock stands an hour or two later afterwards."""
    test_rows.story(office, later)
    packages(office)
    documents(office)
    test_numbered_rows.story(office)
    house(office)
    catch_up()
    test_founded_rows.story(office)
    catch_up()


def sent(title: str, **changes: Any) -> Package:
    """Another document of the same sender, to the finance bureau unless told otherwise."""
    done = issue({**SECOND, "title": title, **changes})
    with connection():
        return Package.get(Package.uid == done.package)


def packages(office: Office) -> None:
    """Replaced, sent back and asked for again, recalled with consent and without, from one unit,
    with a deadline; and three that were refused at the door."""
    clerk, finance = office.desk(CLERKS[CPCO]), office.desk(CLERKS[GFIN])
    old = sent("关于值班补充工作的通知")
    signed_for(office, GFIN)
    new = sent("关于值班工作的补充工作（重发）的通知")
    office.act(clerk, supersede, fresh(old), by=new.uid, reason="文号有误")
    office.act(finance, send_back, opened(office, GFIN), reason="正文缺页")
    office.act(finance, request_resend, delivery(GFIN), reason="误退")
    office.act(clerk, resend, fresh(new), units=[GFIN, GEDU], role="cc", reason="补发")
    for title, answer in (("关于会议的通知", agree_recall), ("关于培训的通知", refuse_recall)):
        one = sent(title)
        signed_for(office, GFIN)
        office.act(clerk, recall, fresh(one), reason="有误", ask=True)
        why = {"reason": "已经印发"} if answer is refuse_recall else {}
        office.act(finance, answer, delivery(GFIN), **why)
    wrong = sent("关于统计的通知", main=["市财政局", "市教育局"])
    office.act(clerk, recall, fresh(wrong), reason="误发", units=[GEDU])
    waiting = sent("关于检查的通知", main=["市财政局", "市教育局"])
    soon = stamp(now() + timedelta(days=9))
    office.act(clerk, set_deadline, fresh(waiting), sign_by=soon, units=[GFIN], reason="急")
    data = blobs().get(waiting.blob)
    hand_in(data.replace(b"%PDF-", b"%PDX-", 1))
    hand_in(b"no package at all")
    with connection():
        read = Incoming.select().where(Incoming.organ == GFIN).order_by(Incoming.id).get()
    office.act(office.desk(CLERKS[GFIN]), receiving.read, read)


def fresh(package: Package) -> Package:
    with connection():
        found: Package = Package.get(Package.uid == package.uid)
    return found


def documents(office: Office) -> None:
    """Given up, withdrawn, sent back, signed off on paper, waiting for the seal, and planned."""
    flow = Flow(office)
    flow.act(DRAFTER, writing.discard, flow.draft(title="关于车辆的通知"))
    flow.act(DRAFTER, writing.save, flow.draft(title="草"), content=short(title="关于档案的通知"))
    withdrawn = flow.to("section_review", title="关于印章的通知", urgency="加急")
    flow.act(DRAFTER, writing.withdraw, withdrawn)
    back = flow.to("section_review", title="关于保密的通知", urgency="特急")
    flow.act(HEAD, approving.send_back, back, to="draft", reason="请改第二段", ink=STROKES)
    paper = flow.to("sign", title="关于防火的通知")
    office.act(transcribing(office), approving.sign_off, paper, opinion="同意。", scan=scan())
    flow.to("seal", title="关于采购的通知", urgency="加急")
    done = issue({**SECOND, "title": "关于节日的通知"}, until="seal").document
    with connection():
        document = Document.get(Document.uid == done)
    until = (today() + timedelta(days=30)).isoformat()
    flow.act("孙倩", issuing.plan_dispatch, document, until=until)


def house(office: Office) -> None:
    """Keys issued and on their way, days, announcements, remarks and cards."""
    admin, operator = office.desk("何静"), office.desk("杨帆")
    office.act(operator, set_day, day="2027-02-06", works=True, name="调休", source="国办")
    days = {"starts": today().isoformat(), "ends": (today() + timedelta(days=1)).isoformat()}
    director, leader = office.desk(DIRECTOR), office.desk(LEADER)
    told = {"title": "停水", "body": "明早停水。", "scope": "organ"}
    office.act(director, withdraw, office.act(director, publish, **told, **days).result)
    office.act(leader, write, text="颜色太淡", place="/")
    office.act(leader, set_card, phone="1", mobile="2", room="3", shared=True)
    for name, settled in ((HEAD, True), (KEEPER, False), (CLERKS[GFIN], None)):
        person = office.post(name).person.uid
        slot = {"person": person, "kind": "soft", "label": f"{name}的插件"}
        code = office.act(admin, keys.open_enrolment, **slot).result
        if settled is None:
            with connection():
                slot_of = enrolments.by_code(code).uid
            office.act(admin, keys.cancel_enrolment, enrolment=slot_of)
            office.act(admin, keys.open_enrolment, **slot)
            continue
        offered = Offered(suites.public_b64(suites.new_key()), {})
        with transaction():
            enrolments.offer(enrolments.by_code(code), offered)
        made = {**slot, "public_key": offered.public_key, "binding": {}}
        proposal = office.act(admin, keys.issue_key, **made).result
        if settled:
            office.act(operator, confirm.confirm, proposal)
