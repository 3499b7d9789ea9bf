"""Number, final file, seal, dispatch, registration at the recipient: with the real signer."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest

from kernel.acts import outbox
from kernel.acts.gate import perform, prepare
from kernel.acts.models import Task
from kernel.api import (
    Conflict,
    Delivery,
    Invalid,
    OfficeError,
    Package,
    Refused,
    Stale,
    blobs,
    canonical,
    connection,
    end_of,
    local,
    now,
    report_of,
    search,
    tasks,
)
from kernel.exchange import inbound
from kernel.exchange.opening import open_once
from kernel.storage.database import transaction
from plugins.documents.acts import issuing, receiving, sealing
from plugins.documents.models import SENT, Document, Incoming
from plugins.secrecy.verdicts import note
from tests.plugins.people import CLERK, DRAFTER, KEEPER, Flow


def plan(flow: Flow, document: Document) -> dict[str, str]:
    package = flow.act(CLERK, issuing.plan_dispatch, document).result
    sealed = flow.fresh(document).sealed
    return {"package": package.uid, "envelope": package.digest(), "sealed": sealed}


def test_from_the_seal_to_the_register_of_the_recipient(flow: Flow):
    document = flow.to("seal")
    unsealed = blobs().get(document.pdf)
    flow.do_seal(document)
    document = flow.fresh(document)
    assert (document.state, document.claim) == ("dispatch", "")
    assert blobs().get(document.sealed).startswith(unsealed)
    flow.act(CLERK, issuing.dispatch, document, **plan(flow, document))
    assert flow.fresh(document).state == SENT
    with connection():
        package = Package.get(Package.subject == document.uid)
        report = report_of(package)
        boxes = {one.organ: one.role for one in package.deliveries}
    assert report.ok
    assert report.demo
    assert report.seal_unit == "中共张掖市委办公室"
    assert boxes == {"620700-GFIN": "main", "620700-GEDU": "cc"}
    assert package.metadata["发文字号"] == document.number
    register(flow, document)


def register(flow: Flow, document: Document) -> None:
    clerk = flow.office.desk("刘志强")
    with connection():
        delivery = Delivery.get(Delivery.organ == "620700-GFIN")
        open_once(clerk, delivery)
    flow.office.act(clerk, inbound.sign_for, delivery)
    with connection():
        found = Incoming.get()
        task = tasks.open_for(clerk, found)
        others = Incoming.select().where(Incoming.visible(flow.office.desk(DRAFTER)))
        assert others.count() == 0
    year = document.issued[:4]
    assert (found.organ, found.number) == ("620700-GFIN", f"收〔{year}〕1号")
    assert (found.source_number, found.type) == (document.number, "通知")
    assert task is not None
    assert (task.form, task.step) == ("toread", "拟办")
    assert len(search.find("防汛", clerk.principals, ["documents"]).hits) == 1
    flow.office.act(clerk, receiving.read, found)
    with pytest.raises(Conflict):
        flow.office.act(clerk, receiving.read, found)
    with connection():
        delivery = Delivery.get(Delivery.organ == "620700-GFIN")
    with transaction():
        assert receiving.register(clerk, delivery).uid == found.uid


def test_the_final_file_prints_number_date_and_nothing_else_changed(flow: Flow):
    document = flow.to("seal")
    with connection():
        sheet = canonical.loads(blobs().get(document.sheet))
    year, month, day = (int(part) for part in document.issued.split("-"))
    assert sheet["number"] == document.number
    assert sheet["issue_date"] == f"{year}年{month}月{day}日"
    assert sheet["issuer_banner"] == "中共张掖市委办公室文件"
    assert sheet["body"] == document.body
    assert sheet["printing_organ"] == "中共张掖市委办公室"
    pdf = blobs().get(document.pdf)
    assert document.pdf == "sha256:" + hashlib.sha256(pdf).hexdigest()
    assert document.pdf_size == len(pdf)


def test_only_the_keeper_of_the_statement_seals(flow: Flow):
    document = flow.to("seal")
    given = arguments(document)
    with pytest.raises(Refused):
        flow.act(CLERK, sealing.seal, document, **given)
    with transaction():
        post = flow.office.post(CLERK)
        post.roles = [*post.roles, "seal_keeper"]
        post.save()
    with pytest.raises(Refused) as refused:
        flow.act(CLERK, sealing.seal, document, **given)
    assert refused.value.code == "documents.not_keeper"


def arguments(document: Document) -> dict[str, object]:
    with connection():
        return sealing.seal_arguments(document)


@pytest.mark.parametrize(
    ("name", "value"),
    [("pdf", "sha256:" + "0" * 64), ("x_um", 1), ("page", 9), ("number", "市委办发〔2026〕1号")],
)
def test_the_keeper_signs_what_is_stored(flow: Flow, name: str, value: object):
    document = flow.to("seal")
    with pytest.raises(Stale):
        flow.act(KEEPER, sealing.seal, document, **{**arguments(document), name: value})
    assert flow.fresh(document).claim == ""


def test_a_content_that_changed_after_the_sign_off_is_never_sealed(flow: Flow):
    document = flow.to("seal")
    with transaction():
        Document.update(body=["签发后偷偷改过的内容。"]).execute()
        note(Document.get().digest(), ok=True)
    document = flow.fresh(document)
    desk = flow.office.desk(KEEPER)
    prepared = prepare(desk, sealing.seal, document, **arguments(document))
    done = perform(desk, prepared, flow.office.sign(desk, prepared))
    outbox.settle(done.uid, seconds=30.0)
    after = flow.fresh(document)
    assert (after.state, after.claim, after.sealed, after.seal_act) == ("typeset", "", "", "")
    assert "签发时不一致" in after.trouble


def test_a_seal_is_applied_once_whatever_is_repeated(flow: Flow):
    document = flow.to("seal")
    flow.do_seal(document)
    after = flow.fresh(document)
    sealing.apply_seal({"document": document.uid, "act": after.seal_act})
    again = flow.fresh(document)
    assert (again.sealed, again.version) == (after.sealed, after.version)


def test_nothing_is_sent_that_the_clerk_did_not_sign(flow: Flow):
    document = flow.to("seal")
    flow.do_seal(document)
    first = plan(flow, document)
    second = plan(flow, document)
    with connection():
        assert Package.select().count() == 1
    wrong = [first, {**second, "sealed": document.pdf}, {**second, "envelope": first["envelope"]}]
    for given in wrong:
        with pytest.raises(OfficeError) as refused:
            flow.act(CLERK, issuing.dispatch, flow.fresh(document), **given)
        assert refused.value.code in ("documents.changed", "exchange.other_plan")
    flow.act(CLERK, issuing.dispatch, flow.fresh(document), **second)
    with pytest.raises(Conflict):
        flow.act(CLERK, issuing.dispatch, flow.fresh(document), **second)


def test_the_deadline_of_the_sender_reaches_every_recipient(flow: Flow):
    document = flow.to("seal")
    flow.do_seal(document)
    with pytest.raises(Invalid) as refused:
        flow.act(CLERK, issuing.plan_dispatch, flow.fresh(document), until="2020-01-01")
    assert refused.value.code == "documents.sign_by"
    until = local(now()).date() + timedelta(days=3)
    planned = flow.act(CLERK, issuing.plan_dispatch, flow.fresh(document), until=until.isoformat())
    package, sealed = planned.result, flow.fresh(document).sealed
    given = {"package": package.uid, "envelope": package.digest(), "sealed": sealed}
    flow.act(CLERK, issuing.dispatch, flow.fresh(document), **given)
    with connection():
        found = Package.get(Package.uid == package.uid)
        waiting = [delivery.uid for delivery in found.deliveries]
        limits = {delivery.sign_by for delivery in found.deliveries}
        dues = {task.due for task in Task.select().where(Task.subject.in_(waiting))}
    assert limits == dues == {end_of(until)}
