"""What senders and recipients do after a dispatch, for the tests of it."""

from pathlib import Path
from typing import Any

from kernel.acts import gate
from kernel.acts.gate import Done
from kernel.acts.models import Task
from kernel.exchange import evidence as evidences
from kernel.exchange.models import Package
from kernel.storage.database import connection
from kernel.testing_office import Office
from plugins.documents.line import issue
from plugins.documents.models import Document
from tests.exchange.notice import (
    CLERKS,
    CPCO,
    delivery,
    evidence,
    laid_out,
    package,
    package_bytes,
    root,
    verified_alone,
)

SECOND = {
    "issuer": "中共张掖市委办公室",
    "type": "通知",
    "title": "中共张掖市委办公室关于做好值班工作的补充通知",
    "main": ["市财政局"],
    "body": ["请各单位做好值班工作。"],
}


def sender_does(office: Office, verb: Any, **arguments: Any) -> Done:
    """The clerk of the sender does something with the notice that was sent."""
    return office.act(office.desk(CLERKS[CPCO]), verb, package(), **arguments)


def recipient_does(office: Office, organ: str, verb: Any, **arguments: Any) -> Done:
    """The clerk of a recipient does something with his newest delivery."""
    return office.act(office.desk(CLERKS[organ]), verb, delivery(organ), **arguments)


def signed(office: Office, organ: str, verb: Any, **arguments: Any) -> Any:
    """The clerk of an organ has signed an act; calling the result performs it."""
    desk = office.desk(CLERKS[organ])
    act = gate.prepare(desk, verb, package() if organ == CPCO else delivery(organ), **arguments)
    signature = office.sign(desk, act)
    return lambda: gate.perform(desk, act, signature)


def another(office: Office) -> Package:
    """A second document of the same sender, sent to the finance bureau alone."""
    issued = issue(SECOND)
    with connection():
        document = Document.get(Document.uid == issued.document)
        return Package.get(Package.uid == document.package)


def proved(organ: str, type_: str) -> evidences.EvidenceFacts:
    """The newest evidence of a type, verified with nothing but the root certificate."""
    row = [one for one in evidence(type_=type_) if one.organ == organ][-1]
    return evidences.verify(bytes(row.record), [root()])


def codes(organ: str, type_: str) -> list[str]:
    return [reason.code for reason in proved(organ, type_).evidence.reasons]


def steps(organ: str) -> list[str]:
    """The steps of the open tasks in an organ."""
    with connection():
        rows = Task.select().where((Task.organ == organ) & Task.done.is_null())
        return [row.step for row in rows]


def verifies_alone(folder: Path) -> str:
    """What the stand-alone verifier says about the package with all its evidence: its exit."""
    first = package().uid
    laid_out(folder, package_bytes())
    for number, row in enumerate(evidence(), 1):
        if row.package_id != first:
            (folder / "evidence" / f"{number:03d}.json").unlink(missing_ok=True)
    done = verified_alone(folder)
    return f"{done.returncode} {done.stdout if done.returncode else ''}".strip()
