"""Who is told what: tasks, what happens to a delivery, what the clock says. And nobody else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from kernel.acts import notices, outbox
from kernel.acts.models import Notice
from kernel.crypto.ids import now, stamp
from kernel.exchange.consenting import refuse_recall
from kernel.exchange.deadlines import set_deadline
from kernel.exchange.ending import supersede, void
from kernel.exchange.inbound import send_back
from kernel.exchange.models import Package
from kernel.exchange.recalling import recall
from kernel.exchange.resending import request_resend, resend
from kernel.exchange.urging import urge
from kernel.storage.database import connection
from kernel.testing_office import Office
from plugins.documents.line import issue
from plugins.documents.models import Document
from tests.exchange.after import SECOND, another, recipient_does, sender_does
from tests.exchange.notice import CPCO, GEDU, GFIN, delivery, opened, package, signed_for

pytestmark = pytest.mark.both
DAY = timedelta(days=1)


def told(office: Office, name: str) -> list[str]:
    """What a person has been told, the newest first."""
    outbox.drain()
    with connection():
        rows = Notice.select().where(Notice.post == office.post(name).uid)
        return [row.zh for row in rows.order_by(Notice.id.desc())]


def unread(office: Office, name: str) -> int:
    outbox.drain()
    with connection():
        return notices.unread(office.post(name).uid, frozenset({"exchange", "documents"}))


def test_a_dispatch_is_told_to_every_clerk_once_and_to_no_other_organ(office: Office):
    outbox.drain()
    with connection():
        rows = list(Notice.select().where(Notice.zh == "新来文，请签收"))
        posts = {office.post(name).uid for name in ("刘志强", "陈静", "马丽")}
        assert {row.post for row in rows} >= posts
        assert len({(row.key, row.post) for row in rows}) == len(rows)
        assert CPCO not in {row.organ for row in rows}
        for row in rows:
            assert row.subject == delivery(row.organ).uid
    again = [row.key for row in rows]
    assert len(again) == len(set(again))


def test_the_step_of_a_document_is_told_to_who_has_to_do_it(office: Office):
    drafter, head = office.desk("林晓梅"), office.desk("王芳")
    content = _content()
    from kernel.acts.verbs import verbs

    document: Document = office.act(drafter, verbs().get("documents.draft"), content=content).result
    before = told(office, "林晓梅")
    office.act(drafter, verbs().get("documents.submit"), document)
    assert told(office, "王芳")[0].startswith("新待办：")
    assert told(office, "林晓梅") == before  # who acts is not told of it
    office.act(head, verbs().get("documents.send_back"), document, to="draft", reason="标题不妥")
    assert told(office, "林晓梅")[0] == "已退回，请修改"


def _content() -> dict[str, object]:
    from kernel.identity.models import Unit
    from plugins.documents.line import content_from
    from tests.kernel.test_register import NOTICE

    with connection():
        content: dict[str, object] = content_from(NOTICE, Unit.by_code(CPCO))
    return content


def test_what_happens_to_a_delivery_is_told_at_its_other_end(office: Office):
    sender_does(office, urge, units=[GFIN])
    assert told(office, "刘志强")[0] == "发文单位催办，请尽快签收"
    assert "发文单位催办，请尽快签收" not in told(office, "陈静")
    opened(office, GEDU)
    recipient_does(office, GEDU, send_back, reason="重复来文")
    assert told(office, "孙倩")[0] == "市教育局退回"
    until = stamp(now() + 3 * DAY)
    sender_does(office, set_deadline, sign_by=until, units=[], reason="放宽")
    assert told(office, "刘志强")[0] == "签收时限已修改"
    assert told(office, "陈静")[0] != "签收时限已修改"
    signed_for(office, GFIN)
    sender_does(office, recall, reason="发错版本", ask=True)
    assert told(office, "刘志强")[0] == "发文单位申请撤回，请答复"
    assert told(office, "马丽")[0] == "发文单位已撤回"


def test_the_sender_is_told_when_all_have_signed(office: Office):
    alone = another(office)
    assert "全部单位已签收" not in told(office, "孙倩")
    signed_for(office, GFIN)
    assert told(office, "孙倩")[0] == "全部单位已签收"
    with connection():
        assert Notice.get(Notice.zh == "全部单位已签收").subject == alone.uid
    sender_does(office, void, reason="发错版本")
    assert "发文单位已作废此件" in told(office, "马丽")


def test_who_sent_it_back_has_not_signed_for_it(office: Office):
    uid = issue({**SECOND, "main": ["市财政局", "市教育局"]}).package
    opened(office, GEDU)
    recipient_does(office, GEDU, send_back, reason="重复来文")
    signed_for(office, GFIN)
    assert told(office, "孙倩")[0] == "除退回的单位外均已签收"
    with connection():
        sent = Package.get(Package.uid == uid)
    office.act(office.desk("孙倩"), resend, sent, units=[GEDU], reason="误退")
    assert "全部单位已签收" not in told(office, "孙倩")
    signed_for(office, GEDU)
    assert told(office, "孙倩")[0] == "全部单位已签收"


def test_what_is_done_needs_no_reading_any_more(office: Office):
    before = unread(office, "刘志强")
    assert before >= 1
    signed_for(office, GFIN)
    # What comes of his own act he is not told of: it is to be read now, and he has just seen it.
    assert not [text for text in told(office, "刘志强") if text.startswith("新待阅")]
    with connection():
        mine = Notice.select().where((Notice.subject == delivery(GFIN).uid) & Notice.seen.is_null())
        assert mine.count() == 0
        other = Notice.select().where(Notice.subject == delivery(GEDU).uid)
        assert all(row.seen is None for row in other)


def waiting(office: Office, name: str, subject: str) -> list[str]:
    """What a person has not read yet of what he was told of an object, the newest first."""
    outbox.drain()
    with connection():
        mine = (Notice.post == office.post(name).uid) & (Notice.subject == subject)
        rows = Notice.select().where(mine & Notice.seen.is_null())
        return [row.zh for row in rows.order_by(Notice.id.desc())]


@pytest.mark.parametrize("verb", [recall, void, supersede, resend])
def test_what_ends_a_package_settles_the_request_and_no_other_word(office: Office, verb: Any):
    sender, clerk = office.desk("孙倩"), office.desk("刘志强")
    office.act(clerk, send_back, opened(office, GFIN), reason="误退")
    back, sent = delivery(GFIN), package()
    returned = waiting(office, "孙倩", sent.uid)
    assert returned == ["市财政局退回"]
    more: dict[str, Any] = {"by": another(office).uid} if verb is supersede else {}
    more |= {"units": [GFIN]} if verb is resend else {}
    office.act(clerk, request_resend, back, reason="误退，请补发")
    assert waiting(office, "孙倩", sent.uid) == ["新待办：补发", *returned]
    office.act(sender, verb, sent, reason="办理", **more)
    assert waiting(office, "孙倩", sent.uid) == returned


def test_signing_settles_what_was_told_of_signing_and_no_other_word(office: Office):
    item = delivery(GFIN)
    sender_does(office, urge, units=[GFIN])
    until = stamp(now() + DAY)
    sender_does(office, set_deadline, sign_by=until, units=[], reason="提前")
    sender_does(office, void, reason="发错版本")
    ended, *rest = waiting(office, "刘志强", item.uid)
    assert ended == "发文单位已作废此件"
    assert set(rest) == {"新来文，请签收", "发文单位催办，请尽快签收", "签收时限已修改"}
    assert waiting(office, "陈静", delivery(GEDU).uid) != []
    signed_for(office, GFIN)
    assert waiting(office, "刘志强", item.uid) == [ended]
    assert waiting(office, "陈静", delivery(GEDU).uid) != []


def test_what_the_clock_told_of_a_task_is_settled_with_it(office: Office):
    until = now() + 20 * DAY
    sender_does(office, set_deadline, sign_by=stamp(until), units=[], reason="放宽")
    for moment in (now(), until - timedelta(hours=1), until + DAY):
        notices.tell_due(moment)
    item = delivery(GFIN)
    assert {"即将到期：签收", "已超过办理时限：签收"} < {*waiting(office, "刘志强", item.uid)}
    signed_for(office, GFIN)
    assert waiting(office, "刘志强", item.uid) == []


def test_an_answer_settles_the_request_and_no_other_word(office: Office):
    signed_for(office, GFIN)
    sender_does(office, recall, reason="发错版本", ask=True)
    sender_does(office, void, reason="发错版本")
    item = delivery(GFIN)
    told = ["发文单位已作废此件", "发文单位申请撤回，请答复"]
    assert waiting(office, "刘志强", item.uid) == told
    recipient_does(office, GFIN, refuse_recall, reason="已办理")
    assert waiting(office, "刘志强", item.uid) == told[:1]


def test_the_clock_tells_once_of_what_falls_due_and_of_what_is_late(
    office: Office, later: Callable[[timedelta], None]
):
    sender_does(office, set_deadline, sign_by=stamp(now() + 20 * DAY), units=[], reason="放宽")
    notices.tell_due()
    assert "即将到期：签收" not in told(office, "刘志强")
    later(20 * DAY - timedelta(hours=1))
    notices.tell_due()
    notices.tell_due()
    assert told(office, "刘志强").count("即将到期：签收") == 1
    later(21 * DAY)
    notices.tell_due()
    notices.tell_due(now() - DAY)  # a clock put back tells nobody twice
    notices.tell_due()
    assert told(office, "刘志强").count("已超过办理时限：签收") == 1
    assert package().organ == CPCO and "已超过办理时限：签收" not in told(office, "孙倩")


def test_old_notices_go_and_young_ones_stay(office: Office, later: Callable[[timedelta], None]):
    assert told(office, "刘志强")
    later(89 * DAY)
    assert notices.forget_old() == 0
    later(91 * DAY)
    assert notices.forget_old() > 0
    assert told(office, "刘志强") == []
