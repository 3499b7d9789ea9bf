"""批量签收 in the incoming box and 标记为已阅 in the tasks, as their people do it."""

import re
from urllib.parse import parse_qs, urlsplit

from kernel.acts.models import Act, Task
from kernel.crypto import x509
from kernel.crypto.acts_format import verify_record
from kernel.crypto.canonical import loads, unb64
from kernel.exchange.evidence import verify as verify_evidence
from kernel.exchange.models import Delivery
from kernel.storage.database import connection
from kernel.testing_office import Office
from plugins.documents.line import issue
from tests.exchange.notice import GFIN, browser_of, evidence, root

TEXT = {
    "issuer": "中共张掖市委办公室",
    "type": "通知",
    "main": ["市财政局"],
    "body": ["请按要求办理。"],
}


def sent(office: Office, count: int) -> list[str]:
    """So many deliveries that wait in the finance bureau's box; the first is there already."""
    for n in range(count - 1):
        issue(TEXT | {"title": f"中共张掖市委办公室关于第{n + 1}项工作的通知"})
    with connection():
        waiting = Delivery.select().where(
            (Delivery.organ == GFIN) & (Delivery.state == "delivered")
        )
        return [row.uid for row in waiting.order_by(Delivery.id)]


def nonce_of(address: str) -> str:
    return parse_qs(urlsplit(address).query)["nonce"][0]


def test_a_clerk_signs_for_all_of_them_at_once(office: Office):
    uids = sent(office, 3)
    browser = browser_of(office, GFIN)
    inbox = browser.get("/exchange/inbox").text
    assert "批量签收" in inbox and inbox.count('name="t"') == len(uids)
    page = browser.post("/exchange/inbox/batch", data={"t": uids})
    assert page.status_code == 200 and page.text.count("待签名</span>") == len(uids)
    nonce = nonce_of(str(page.url))
    done = browser.post("/acts/batch", data={"nonce": nonce})
    assert f"{len(uids)} 件全部办理完毕" in done.text
    with connection():
        states = [Delivery.get(Delivery.uid == uid).state for uid in uids]
    assert states == ["signed"] * len(uids)
    # What is signed for cannot be ticked again.
    after = browser.get("/exchange/inbox").text
    assert 'name="t"' not in after
    assert "批量签收" not in after and "c-sel" not in after, "nothing is left to be ticked"
    # Each receipt is proved alone: the unit's signature, and the person's act within.
    receipts = evidence(GFIN, "C1")
    assert len(receipts) == len(uids)
    for receipt in receipts:
        facts = verify_evidence(bytes(receipt.record), [root()])
        assert facts.act is not None and facts.act.batched


def test_sending_the_signature_again_shows_the_same_result(office: Office):
    uids = sent(office, 2)
    browser = browser_of(office, GFIN)
    nonce = nonce_of(str(browser.post("/exchange/inbox/batch", data={"t": uids}).url))
    first = browser.post("/acts/batch", data={"nonce": nonce}).text
    again = browser.post("/acts/batch", data={"nonce": nonce}).text
    assert "全部办理完毕" in first and "全部办理完毕" in again
    with connection():
        assert Act.select().where(Act.verb == "exchange.sign_for").count() == 2


def test_what_was_signed_for_meanwhile_is_shown_and_the_rest_is_done(office: Office):
    uids = sent(office, 2)
    browser, other = browser_of(office, GFIN), browser_of(office, GFIN)
    nonce = nonce_of(str(browser.post("/exchange/inbox/batch", data={"t": uids}).url))
    alone = other.post(f"/exchange/inbox/{uids[0]}/sign-for")
    found = re.search(r'name="nonce" value="([^"]+)"', alone.text)
    assert found
    other.post("/acts/confirm", data={"nonce": found.group(1)})
    page = browser.post("/acts/batch", data={"nonce": nonce})
    assert "已办理 1 件，1 件没有办理" in page.text and "重新办理其余 1 件" in page.text
    again = browser.post("/acts/batch/again", data={"nonce": nonce})
    assert "没有重复办理" in again.text


def test_nothing_chosen_is_said_on_the_list(office: Office):
    browser = browser_of(office, GFIN)
    page = browser.post("/exchange/inbox/batch", data={})
    assert str(page.url).endswith("/exchange/inbox") and "请先勾选" in page.text


def test_a_delivery_of_another_organ_is_not_there(office: Office):
    uids = sent(office, 1)
    stranger = browser_of(office, "620700-GEDU")
    page = stranger.post("/exchange/inbox/batch", data={"t": uids})
    assert "请先勾选" in page.text
    with connection():
        assert Delivery.get(Delivery.uid == uids[0]).opened is None


def test_several_are_marked_as_read(office: Office):
    uids = sent(office, 2)
    browser = browser_of(office, GFIN)
    nonce = nonce_of(str(browser.post("/exchange/inbox/batch", data={"t": uids}).url))
    browser.post("/acts/batch", data={"nonce": nonce})
    page = browser.get("/tasks?tab=toread").text
    chosen = re.findall(r'name="t" value="([^"]+)"', page)
    assert len(chosen) == 2 and "标记为已阅" in page
    assert "标记为已阅" not in browser.get("/tasks").text
    done = browser.post("/tasks/read", data={"t": chosen})
    assert "2 件全部办理完毕" in done.text
    with connection():
        assert Act.select().where(Act.verb == "documents.read").count() == 2
        assert Task.select().where((Task.form == "toread") & Task.done.is_null()).count() == 0


def test_the_enclosed_record_of_a_batched_act_names_what_was_signed(office: Office):
    uids = sent(office, 2)
    browser = browser_of(office, GFIN)
    nonce = nonce_of(str(browser.post("/exchange/inbox/batch", data={"t": uids}).url))
    browser.post("/acts/batch", data={"nonce": nonce})
    record = loads(bytes(evidence(GFIN, "C1")[0].record))
    known = [x509.load_cert(pem.encode()) for pem in record["trust"]]
    facts = verify_record(unb64(record["act"]), x509.Trust([root()], known))
    assert facts.verb == "exchange.sign_for" and facts.batched
