"""The work that is interrupted: what people and the node do in an hour, in half a second.

Numbers, a dispatch to seven boxes, sign-for, send back, recall, an errand, the log. Each step looks
first whether it was done before, as a person does who comes back after a power cut; so the same
steps can be taken again until all is done. What a person was told is said aloud *after* the call
that would let the portal tell it: those are the promises that no fault may break.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from kernel.acts import clock, gate, outbox, terminal
from kernel.acts.gate import Done
from kernel.acts.house import timing
from kernel.acts.prepared import PreparedAct
from kernel.acts.statement import read
from kernel.acts.subjects import Subject, kinds
from kernel.acts.verbs import verb_of, verbs
from kernel.crypto import canonical, ids
from kernel.crypto.ids import parse_stamp
from kernel.errors import OfficeError
from kernel.exchange import inbound, recalling
from kernel.exchange.models import Delivery, Evidence, Package
from kernel.exchange.opening import open_once
from kernel.identity.authenticators import Signature
from kernel.identity.desk import Desk, desk_of
from kernel.identity.models import Post, Unit
from kernel.identity.rights import rights
from kernel.storage import log
from kernel.storage.database import connection
from plugins.documents import line
from plugins.documents.acts import issuing
from plugins.documents.models import SENT, Document
from tests.faults.child import Say

CPCO, GFIN, GEDU, COUNTY = "620700-CPCO", "620700-GFIN", "620700-GEDU", "620702-CPCO"
REASON = "附件有误，另行印发。"
Step = Callable[[], None]


def sent_form(desk: Desk, prepared: PreparedAct, signature: Signature) -> dict[str, Any]:
    """What the browser of this person sends, so that it can be sent again after everything."""
    return {
        "act": prepared.statement.facts["act"],
        "desk": [desk.post.uid, desk.credential, desk.session, desk.origin],
        "bytes": canonical.b64(prepared.statement.bytes),
        "private": {name: list(pair) for name, pair in prepared.statement.private.items()},
        "signature": [signature.kind, canonical.b64(signature.value)],
    }


def send_form(form: dict[str, Any]) -> Done:
    """Send it; gives or raises what the gate does.

    Within its two minutes as ever, also where the round has taken longer.
    """
    post, credential, session, origin = form["desk"]
    private = {name: (salt, text) for name, (salt, text) in form["private"].items()}
    statement = read(canonical.unb64(form["bytes"]), private)
    kind, value = form["signature"]
    verb, facts = verbs().get(statement.facts["verb"]), statement.facts
    latest = parse_stamp(facts["expires"]) - timedelta(seconds=1)
    issued = parse_stamp(facts["issued"])
    ids.set_clock(lambda: max(issued, min(ids._system_clock(), latest)))
    try:
        with connection():
            who = Post.get(Post.uid == post)
            desk = desk_of(who, credential=credential, session=session, origin=origin)
        prepared = PreparedAct(verb, None, statement, {})
        return gate.perform(desk, prepared, Signature(kind, canonical.unb64(value)))
    finally:
        ids.set_clock(None)
        if clock.is_behind():
            timing.accept()  # what an operator does whose clock was ahead


@dataclass
class Load:
    """The steps, in chains whose order matters.

    :param facts: what the template holds, see :class:`tests.faults.bench.Bench`.
    :param say: told each promise; ``say(ack="number", document=…, number=…)``.
    """

    facts: dict[str, list[str]]
    say: Say
    refused: list[str] = field(default_factory=list)

    def chains(self) -> dict[str, list[Step]]:
        """Chains of steps; each chain is in order, the chains among each other are not."""
        first, second = self.facts["sent"]
        (sealed,) = self.facts["sealed"]
        numbered = [lambda uid=uid: self.number(uid) for uid in self.facts["numbered"]]
        return {
            "numbers": numbered,
            "dispatch": [lambda: self.dispatch(sealed), lambda: self.sign_for_document(sealed)],
            "receipts": [
                lambda: self.sign_for(first, GFIN),
                lambda: self.send_back(first, COUNTY),
                lambda: self.sign_for(first, GEDU),
            ],
            "recall": [lambda: self.sign_for(second, GFIN), lambda: self.recall_rest(second)],
            "errand": [
                lambda: self.ask("取三月简报"),
                lambda: self.pass_on("取三月简报"),
                lambda: self.sign_for_errand("取三月简报"),
            ],
        }

    def mixed(self, seed: int) -> list[Step]:
        """All steps in an order that the seed chooses, with the log in between."""
        draw = random.Random(seed)
        waiting = [chain[:] for chain in self.chains().values()]
        steps: list[Step] = []
        while waiting:
            chain = draw.choice(waiting)
            steps.append(chain.pop(0))
            if draw.random() < 0.4:
                steps.append(self.sequence)
            waiting = [one for one in waiting if one]
        return steps

    def run(self, steps: list[Step]) -> None:
        """Take the steps; what is refused is noted, and the next step is taken."""
        for step in steps:
            try:
                step()
            except OfficeError as error:
                self.refused.append(error.code)
                self.say(refused=error.code)

    # ── the people ──────────────────────────────────────────────────────────────────

    def act(self, desk: Desk, verb: Any, subject: Subject | None = None, **given: Any) -> Done:
        """One act of a person, by the gate."""
        prepared = gate.prepare(desk, verb, subject, **given)
        signed = verb_of(verb).weight == "signed"
        signature = terminal._sign(desk, prepared.statement.bytes) if signed else None
        if signature is not None:
            self.say(asked=sent_form(desk, prepared, signature))
        done = gate.perform(desk, prepared, signature)
        if verb_of(verb).weight != "draft":
            self.say(ack="act", uid=done.uid)
        return done

    def settled(self, done: Done) -> bool:
        """Wait for what the node does after the act."""
        return outbox.settle(done.uid, seconds=30.0)

    def clerk(self, organ: str) -> Desk:
        """The clerk of an exchange box."""
        with connection():
            unit = Unit.by_code(organ)
            post = rights().holders("exchange.handle", unit.code)[0]
        return terminal.desk_at(post)

    def office(self, step: str) -> Desk:
        """Whoever does this step in the municipal office."""
        with connection():
            organ = Unit.by_code(CPCO)
        desk: Desk = line._Line(organ, frozenset(), lambda _: None).desk(step)
        return desk

    # ── the steps ───────────────────────────────────────────────────────────────────

    def number(self, uid: str) -> None:
        """Give a document its number."""
        with connection():
            document = Document.get(Document.uid == uid)
            if document.number:
                return
            free = issuing.next_number(document)
        given = {"number": str(free), "seq": free.value}
        self.act(self.office("number"), issuing.assign_number, document, **given)
        self.say(ack="number", document=uid, number=str(free))

    def dispatch(self, uid: str) -> None:
        """Send a sealed document to its seven boxes."""
        with connection():
            document = Document.get(Document.uid == uid)
        if document.state == SENT:
            return
        desk = self.office("dispatch")
        plan = self.act(desk, issuing.plan_dispatch, document).result
        with connection():
            document = Document.get(Document.uid == uid)
        given = {"package": plan.uid, "envelope": plan.digest(), "sealed": document.sealed}
        done = self.act(desk, issuing.dispatch, document, **given)
        self.say(ack="released", package=plan.uid)
        if self.settled(done):
            self.say(ack="sent", package=plan.uid, boxes=plan.total)

    def sign_for_document(self, uid: str) -> None:
        """The finance bureau signs for what was just dispatched."""
        with connection():
            package = Document.get(Document.uid == uid).package
            sent = Delivery.select().where(Delivery.package == package).exists()
        if sent:
            self.sign_for(package, GFIN)

    def sign_for(self, package: str, organ: str) -> None:
        """Open, verify and sign for a delivery."""
        self._receive(package, organ, "signed", "C1", inbound.sign_for)

    def send_back(self, package: str, organ: str) -> None:
        """Send a delivery back with a reason."""
        self._receive(package, organ, "returned", "C2", inbound.send_back, reason="重复来文")

    def _receive(
        self, package: str, organ: str, state: str, type_: str, verb: Any, **given: Any
    ) -> None:
        where = (Delivery.package == package) & (Delivery.organ == organ)
        with connection():
            item = Delivery.get(where)
        if item.state != "delivered" or item.claim:
            return
        desk = self.clerk(organ)
        with connection():
            open_once(desk, item)
            item = Delivery.get(where)
        done = self.act(desk, verb, item, **given)
        self.say(ack="decided", delivery=item.uid, state=state)
        if self.settled(done):
            receipt = self._receipt(package, organ, type_)
            self.say(ack=state, delivery=item.uid, receipt=receipt)

    def _receipt(self, package: str, organ: str, type_: str) -> str:
        with connection():
            row = Evidence.get(
                (Evidence.package == package) & (Evidence.organ == organ) & (Evidence.type == type_)
            )
        return hashlib.sha256(bytes(row.record)).hexdigest()

    def recall_rest(self, package: str) -> None:
        """The same once the finance bureau has signed: it was refused where the disk was full."""
        where = (Delivery.package == package) & (Delivery.organ == GFIN)
        with connection():
            first = Delivery.get(where)
        if first.state != "delivered" or first.claim:
            self.recall(package)

    def recall(self, package: str) -> None:
        """Take a dispatch back from whoever has not signed for it."""
        with connection():
            sent = Package.get(Package.uid == package)
            left = recalling.open_count(sent)
        if not left:
            return
        done = self.act(self.clerk(CPCO), recalling.recall, sent, reason=REASON)
        self.say(ack="decided", package=package, state="recalled")
        if self.settled(done):
            self.say(ack="recalled", package=package, boxes=left)

    def ask(self, text: str) -> None:
        """Give an errand to the clerks."""
        if self._errand(CPCO, text) is None:
            self.act(self.clerk(CPCO), verbs().get("errands.ask"), text=text)
            self.say(ack="errand", text=text)

    def pass_on(self, text: str) -> None:
        """Send an errand to the bureau of education, unless that was done."""
        errand = self._errand(CPCO, text)
        if errand is None or self._errand_package(errand):
            return
        desk = self.clerk(CPCO)
        plan = self.act(desk, verbs().get("errands.address"), errand, unit=GEDU).result
        given = {"package": plan.uid, "envelope": plan.digest()}
        done = self.act(desk, verbs().get("errands.send"), errand, **given)
        self.say(ack="released", package=plan.uid)
        if self.settled(done):
            self.say(ack="sent", package=plan.uid, boxes=1)

    def sign_for_errand(self, text: str) -> None:
        """The bureau of education signs for it."""
        errand = self._errand(CPCO, text)
        package = self._errand_package(errand) if errand is not None else ""
        with connection():
            there = Delivery.select().where(Delivery.package == package).exists()
        if there:
            self.sign_for(package, GEDU)

    def _errand(self, organ: str, text: str) -> Any:
        model: Any = kinds().get("errands.errand")
        with connection():
            return model.get_or_none((model.organ == organ) & (model.text == text))

    def _errand_package(self, errand: Any) -> str:
        with connection():
            row = Package.get_or_none(
                (Package.subject == errand.uid) & (Package.state != "planned")
            )
        return "" if row is None else str(row.uid)

    def sequence(self) -> None:
        """Integrate the log and show its checkpoint to a witness."""
        log.integrate()
        self.say(ack="checkpoint", note=log.checkpoint())
