"""What attackers do, for the rows of the table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kernel.acts.gate import PreparedAct, perform, prepare
from kernel.acts.house.grants import grant
from kernel.acts.ledger import leaf_data
from kernel.acts.models import Act
from kernel.crypto import canonical
from kernel.crypto.ids import stamp
from kernel.exchange.models import Evidence
from kernel.identity.authenticators import Signature
from kernel.identity.desk import Desk
from kernel.identity.models import Credential
from kernel.portal import cookies
from kernel.storage import log
from kernel.storage.database import connection, db, on_postgresql
from kernel.testing_office import Browser, Office

INSERT_ONLY = (
    *("log_leaf", "log_node", "log_checkpoint"),
    *("acts_act", "acts_private", "acts_opinion"),
)


def caught(attempt: Callable[[], Any]) -> Exception | None:
    """What the attempt was refused with, of any kind; None if it went through."""
    try:
        attempt()
    except Exception as error:
        return error
    return None


def code(attempt: Callable[[], Any]) -> str:
    """The code of the refusal; empty if it went through, the class's name for a defect."""
    error = caught(attempt)
    return "" if error is None else str(getattr(error, "code", type(error).__name__))


def with_token(office: Office, token: str) -> Browser:
    """Another browser that holds a session's token."""
    thief = office.browser()
    thief.cookies.set(cookies.SESSION, token)
    return thief


def signed_in(browser: Browser) -> bool:
    return browser.get("/me", follow_redirects=False).status_code == 200


def a_grant(office: Office, desk: Desk, name: str = "王芳") -> PreparedAct:
    """An act that waits for its signature: nothing but a right for somebody."""
    post = office.post(name)
    return prepare(desk, grant, post=post.uid, level="house.switch", given=True)


def attempt(desk: Desk, prepared: PreparedAct, signature: Signature | None) -> str:
    return code(lambda: perform(desk, prepared, signature))


def key_of(office: Office, name: str) -> str:
    post = office.post(name)
    with connection():
        return str(Credential.get(Credential.person == post.person.uid).uid)


def drop_guards() -> None:
    """Take the triggers away, as somebody with all rights on the database would."""
    for table in INSERT_ONLY:
        for event in ("update", "delete"):
            on = f" ON {table}" if on_postgresql() else ""
            db.execute_sql(f"DROP TRIGGER {table}_no_{event}{on}")


def forge_act(uid: str) -> None:
    """Put in an act "forged" that nobody signed, made from another, with a leaf as is due."""
    act = Act.get(Act.uid == uid)
    same = {name: value for name, value in act.__data__.items() if name != "id"}
    data = canonical.dumps(canonical.loads(bytes(act.bytes)) | {"act": "forged", "nonce": "x"})
    signature = Signature(act.signature_kind, bytes(act.signature))
    said = leaf_data("forged", canonical.digest(data), signature, stamp(act.at))
    leaf = log.append("act", "forged", said)
    Act.insert(**same | {"uid": "forged", "nonce": "x", "bytes": data, "leaf": leaf}).execute()


def forge_evidence(uid: str) -> None:
    """Put in evidence "forged" that nobody signed, in the same way."""
    row = Evidence.get(Evidence.uid == uid)
    same = {name: value for name, value in row.__data__.items() if name != "id"}
    record = canonical.loads(bytes(row.record))
    record["evidence"] |= {"ev_id": "forged"}
    data = canonical.dumps(record)
    said = {"type": "evidence", "digest": canonical.digest(data)}
    leaf = log.append("evidence", "forged", said)
    Evidence.insert(**same | {"uid": "forged", "record": data, "leaf": leaf, "act": "x"}).execute()


def catch_up() -> None:
    """What the worker does: positions and a checkpoint."""
    while log.integrate():
        log.checkpoint()


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]
