"""Acts signed with a security key: what the gate takes, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from kernel.acts.batch import perform_batch, prepare_batch
from kernel.acts.gate import PreparedAct, perform, prepare
from kernel.acts.house.grants import grant
from kernel.acts.house.keys import issue_key
from kernel.acts.house.rollout import advance
from kernel.acts.house.switches import switch_plugin
from kernel.acts.models import Act
from kernel.acts.signatures import record
from kernel.acts.verbs import verbs
from kernel.crypto import canonical, chain, ids, suites
from kernel.crypto.acts_format import verify_record
from kernel.crypto.x509 import load_cert
from kernel.errors import Conflict, OfficeError, Refused, Unverified
from kernel.identity.authenticators import Signature
from kernel.identity.authority import authority
from kernel.identity.desk import Desk
from kernel.identity.models import Credential, Grant
from kernel.storage import log, log_check
from kernel.storage.database import connection, transaction
from kernel.testing_office import Office
from tests.webauthn.conftest import Holder, ask_of, count, issue, nonce_of
from tests.webauthn.token import Token, websafe

CPCO = "620700-CPCO"


@pytest.fixture
def later() -> Iterator[Callable[[timedelta], None]]:
    yield lambda step: ids.set_clock(lambda: ids._system_clock() + step)
    ids.set_clock(None)


def granting(office: Office, desk: Desk, level: str = "exchange.handle") -> PreparedAct:
    """A signed act of the security administrator, prepared."""
    return prepare(desk, grant, post=office.post("林晓梅").uid, level=level, given=True)


def refused(desk: Desk, prepared: PreparedAct, signature: Signature | None, code: str) -> None:
    with pytest.raises(OfficeError) as error:
        perform(desk, prepared, signature)
    assert error.value.code == code
    assert count(Grant) == 0


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])
def test_an_act_is_signed_logged_and_provable(office: Office, algorithm: str):
    chief = issue(office, "何静", Token(algorithm=algorithm))
    desk = chief.desk()
    prepared = granting(office, desk)
    uid = perform(desk, prepared, chief.sign(prepared)).uid
    with connection():
        assert Act.get(Act.uid == uid).signature_kind == "webauthn"
        trust = chain.Trust(
            [authority().certificate("root")],
            [load_cert(authority().pem(name)) for name in ("people", "nodes")],
        )
        facts = verify_record(record(uid), trust)
    assert (facts.verb, facts.signer) == ("house.grant", "何静")
    log.integrate()
    assert log_check.verify().ok


def test_the_assertion_of_another_act_signs_nothing(office: Office, chief: Holder):
    desk = chief.desk()
    shown, done = granting(office, desk, "documents.view"), granting(office, desk)
    refused(desk, done, chief.sign(shown), "webauthn.challenge")


def test_an_assertion_holds_once(office: Office, chief: Holder):
    desk = chief.desk()
    prepared = granting(office, desk)
    signature = chief.sign(prepared)
    perform(desk, prepared, signature)
    for _ in range(20):
        with pytest.raises(Conflict, match=r"acts\.used"):
            perform(desk, prepared, signature)
    assert count(Grant) == 1


def test_an_assertion_holds_for_two_minutes(
    office: Office, chief: Holder, later: Callable[[timedelta], None]
):
    desk = chief.desk()
    prepared = granting(office, desk)
    signature = chief.sign(prepared)
    later(timedelta(minutes=2, seconds=1))
    refused(desk, prepared, signature, "acts.used")


def test_an_assertion_is_of_its_own_session(office: Office, chief: Holder):
    here, there = chief.desk(), chief.desk()
    prepared = granting(office, here)
    refused(there, prepared, chief.sign(prepared), "acts.used")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"origin": "https://oa.example"}, "webauthn.origin"),
        ({"crossOrigin": True}, "webauthn.origin"),
        ({"type": "webauthn.create"}, "webauthn.form"),
    ],
)
def test_what_the_browser_wrote_has_to_fit(
    office: Office, chief: Holder, change: dict[str, Any], code: str
):
    desk = chief.desk()
    prepared = granting(office, desk)
    refused(desk, prepared, chief.sign(prepared, **change), code)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"flags": 1}, "webauthn.verification"),
        ({"flags": 4}, "webauthn.presence"),
        ({"rp_id": "oa.example"}, "webauthn.site"),
    ],
)
def test_what_the_key_said_has_to_fit(
    office: Office, chief: Holder, change: dict[str, Any], code: str
):
    desk = chief.desk()
    prepared = granting(office, desk)
    for name, value in change.items():
        setattr(chief.token, name, value)
    refused(desk, prepared, chief.sign(prepared), code)


def test_a_counter_that_goes_back_signs_nothing(office: Office, chief: Holder):
    desk = chief.desk()
    first, second = granting(office, desk, "documents.view"), granting(office, desk)
    early = chief.sign(second)
    perform(desk, first, chief.sign(first))
    with pytest.raises(Unverified, match=r"webauthn\.counter"):
        perform(desk, second, early)
    assert count(Grant) == 1


def test_a_key_revoked_between_page_and_signature_signs_nothing(office: Office, chief: Holder):
    """Revoked on another connection while the page waits for the touch."""
    desk = chief.desk()
    prepared = granting(office, desk)
    signature = chief.sign(prepared)
    chief.revoke()
    refused(desk, prepared, signature, "keys.revoked")


def test_another_key_of_the_same_person_does_not_sign_in_this_session(
    office: Office, chief: Holder
):
    second = issue(office, "何静", Token())
    desk = chief.desk()
    prepared = granting(office, desk)
    refused(desk, prepared, second.sign(prepared), "webauthn.signature")


def test_a_soft_key_does_not_sign_for_a_security_key(office: Office, chief: Holder):
    desk = chief.desk()
    prepared = granting(office, desk)
    soft = Signature("soft", suites.sign(suites.new_key(), prepared.statement.bytes))
    refused(desk, prepared, soft, "acts.wrong_key")


def test_a_credential_row_put_in_by_sql_signs_nothing(office: Office, chief: Holder):
    """An administrator with a shell writes a statement with a key of his own."""
    thief = Token()
    with transaction():
        row = Credential.get(Credential.uid == chief.credential)
        said = canonical.loads(bytes(row.statement)) | {
            "credential": ids.uuid7(),
            "public_key": canonical.b64(thief.spki),
            "webauthn": thief.binding,
        }
        statement = canonical.dumps(said)
        Credential.create(
            uid=said["credential"],
            person=row.person,
            kind="webauthn",
            statement=statement,
            signature=suites.sign(suites.new_key(), statement),
        )
    forged = replace(chief.desk(), credential=str(said["credential"]))
    prepared = granting(office, forged)
    value = Signature("webauthn", thief.over(prepared.statement.bytes))
    refused(forged, prepared, value, "suites.signature")
    log.integrate()
    assert any("carries no statement" in one.what for one in log_check.verify().problems)


def test_a_key_is_issued_once(office: Office, chief: Holder):
    with pytest.raises(Conflict, match=r"keys\.issued"):
        issue(office, "林晓梅", chief.token)


def test_a_kind_of_key_that_the_node_does_not_know_is_not_issued(office: Office):
    token = Token()
    person = office.post("林晓梅").person.uid
    with pytest.raises(OfficeError, match=r"keys\.kind"):
        prepare(
            office.desk("杨帆"),
            issue_key,
            person=person,
            kind="skf",
            public_key=canonical.b64(token.spki),
        )


def test_the_page_of_an_act_asks_this_key_and_no_other(office: Office, chief: Holder):
    browser = office.browser()
    chief.log_in(browser)
    page = confirm_page(office, browser)
    options = ask_of(page.text)
    assert [one["id"] for one in options["allowCredentials"]] == [_own(chief)]
    assert (options["userVerification"], options["rpId"]) == ("required", "testserver")
    assert "请启用 JavaScript" in page.text


def _own(holder: Holder) -> str:
    return websafe(holder.token.credential_id)


def confirm_page(office: Office, browser: Any) -> Any:
    """The security administrator confirms what the system administrator proposed."""
    waiting = office.act(office.desk("杨帆"), advance, phase=2).result
    return browser.post(f"/admin/proposals/{waiting.uid}", data={"answer": "yes"})


def test_a_browser_signs_with_the_key(office: Office, chief: Holder):
    browser = office.browser()
    chief.log_in(browser)
    page = confirm_page(office, browser).text
    answer = chief.token.get(ask_of(page))
    done = browser.post("/acts/confirm", data={"nonce": nonce_of(page), "answer": answer})
    assert "“复核同意”已完成" in done.text


def test_after_a_wrong_answer_the_act_still_waits(office: Office, chief: Holder):
    browser = office.browser()
    chief.log_in(browser)
    page = confirm_page(office, browser).text
    for wrong in ("", "{}", chief.token.get(ask_of(page), origin="https://oa.example")):
        said = browser.post("/acts/confirm", data={"nonce": nonce_of(page), "answer": wrong})
        assert "已完成" not in said.text
    answer = chief.token.get(ask_of(page))
    done = browser.post("/acts/confirm", data={"nonce": nonce_of(page), "answer": answer})
    assert "“复核同意”已完成" in done.text


@pytest.mark.plugins(Path(__file__).parent.parent / "toy" / "errands")
def test_several_acts_under_one_touch(office: Office):
    """The one assertion stands for each act of a batch, though the counter moved only once."""
    clerk = issue(office, "孙倩", Token())
    office.act(office.desk("孙倩"), switch_plugin, organ=CPCO, plugin="errands", on=True)
    ask, finish = verbs().get("errands.ask"), verbs().get("errands.finish")
    drafter = office.desk("林晓梅")
    asked = [office.act(drafter, ask, text=text).result for text in ("取文件", "送文件")]
    desk = clerk.desk()
    batch = prepare_batch(desk, finish, [(one, {"remark": "好了"}) for one in asked])
    data = batch.statement.bytes
    wrong = perform_batch(desk, batch, Signature("webauthn", clerk.token.over(data + b" ")))
    assert not any(one.act for one in wrong)
    batch = prepare_batch(desk, finish, [(one, {"remark": "好了"}) for one in asked])
    value = clerk.token.over(batch.statement.bytes)
    ended = perform_batch(desk, batch, Signature("webauthn", value))
    assert [bool(one.act) for one in ended] == [True, True]
    log.integrate()
    assert log_check.verify().ok


def test_a_revoked_key_cannot_be_used_again_by_who_signs_in_elsewhere(
    office: Office, chief: Holder
):
    chief.revoke()
    with pytest.raises(Refused, match=r"keys\.revoked"):
        chief.desk()


def test_the_session_gets_a_new_name_with_each_signature(office: Office, chief: Holder):
    browser, old = office.browser(), office.browser()
    chief.log_in(browser)
    old.cookies.update(dict(browser.cookies))
    assert old.get("/me").url.path == "/me"
    page = confirm_page(office, browser).text
    answer = chief.token.get(ask_of(page))
    browser.post("/acts/confirm", data={"nonce": nonce_of(page), "answer": answer})
    assert browser.get("/me").url.path == "/me"
    assert old.get("/me").url.path == "/login"
