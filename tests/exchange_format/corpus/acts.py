"""What can be wrong with the acts of the persons, and with the seal in the document."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

from msgspec.structs import replace

from kernel.crypto import canonical, suites, x509
from kernel.crypto.ids import now, stamp, uuid7
from tests.exchange_format.corpus.making import Case, made
from tests.exchange_format.sample import PDF, START, Office, seal

DAY = timedelta(days=1)
OTHER = canonical.digest(b"other")
VERBS = ("sign_off", "assign_number", "seal", "dispatch")


def acting(verb: str, **changes: Any) -> Callable[[Office], bytes]:
    """One act with other arguments; ``_act`` changes members of the act itself."""
    return lambda office: made(office, office.contents(acts={f"documents.{verb}": dict(changes)}))


def missing(verb: str) -> Callable[[Office], bytes]:
    return lambda office: made(office, office.contents(acts={f"documents.{verb}": None}))


def records(change: Callable[[dict[str, Any], Office], Any], at: int = 0) -> Any:
    """The record of one act rewritten; the sign-off's unless told otherwise."""

    def make(office: Office) -> bytes:
        contents = office.contents()
        fields = canonical.loads(contents.acts[at])
        new = canonical.dumps(fields | change(fields, office))
        acts = [*contents.acts]
        acts[at] = new
        return made(office, replace(contents, acts=acts))

    return make


def stating(**changes: Any) -> Any:
    """A statement about the credential that the authority did sign, and that says otherwise."""
    return records(lambda _, office: {"credential": office.statement(**changes)})


def by_another_key(fields: dict[str, Any], office: Office) -> dict[str, Any]:
    value = suites.sign(suites.new_key(), canonical.unb64(fields["act"]))
    return {"signature": fields["signature"] | {"value": canonical.b64(value)}}


def stamped(fields: dict[str, Any], office: Office) -> dict[str, Any]:
    return {"signature": fields["signature"] | {"kind": "stamp"}}


def own_word(fields: dict[str, Any], office: Office) -> dict[str, Any]:
    """The holder himself says that the key is his."""
    credential = fields["credential"]
    value = suites.sign(office.person_key, canonical.unb64(credential["statement"]))
    return {"credential": credential | {"signature": canonical.b64(value)}}


def by_seals_authority(fields: dict[str, Any], office: Office) -> dict[str, Any]:
    credential = fields["credential"]
    said = canonical.unb64(credential["statement"])
    value = suites.sign(office.issuers["seals"].key, said)
    return {"credential": credential | {"signature": canonical.b64(value)}}


def opened(fields: dict[str, Any], office: Office) -> dict[str, Any]:
    return {"private": {"opinion": {"salt": canonical.b64(bytes(16)), "text": "同意"}}}


def by_node(office: Office) -> bytes:
    """The node signs off in the place of a person."""
    contents = office.contents()
    act = office.act("documents.sign_off", {}, desk={"organ": office.unit})
    return made(office, replace(contents, acts=[office.node_record(act), *contents.acts[1:]]))


def node_for_person(fields: dict[str, Any], office: Office) -> dict[str, Any]:
    """The node's key under an act that names a person."""
    return canonical.loads(office.node_record(canonical.unb64(fields["act"])))


def of_another_package(office: Office) -> bytes:
    """Genuine acts of another document, moved here; only the dispatch is about this one."""
    mine, office.document = office.document, uuid7()
    foreign = office.contents().acts
    office.document = mine
    contents = office.contents()
    return made(office, replace(contents, acts=[*foreign[:3], contents.acts[3]]))


def two_dispatches(office: Office) -> bytes:
    contents = office.contents()
    return made(office, replace(contents, acts=[*contents.acts, contents.acts[-1]]))


def body(of: Callable[[Office], bytes]) -> Callable[[Office], bytes]:
    return lambda office: made(office, office.contents(body=of(office)))


def edited(office: Office) -> bytes:
    """A byte before the seal changed, and the acts made to agree with it."""
    return office.sealed.replace(b"595", b"596", 1)


def edited_with_the_act(office: Office) -> bytes:
    changed = edited(office)
    said = {"pdf": canonical.digest(changed[: len(PDF)])}
    return made(office, office.contents(body=changed, acts={"documents.seal": said}))


def shorter_range(office: Office) -> bytes:
    """The seal said to cover less than it does."""
    at = office.sealed.index(b"/ByteRange")
    end = office.sealed.index(b"]", at)
    numbers = office.sealed[at:end].split()
    last = str(int(numbers[-1]) - 9).encode().rjust(len(numbers[-1]))
    return office.sealed[: end - len(last)] + last + office.sealed[end:]


def hollow(office: Office) -> bytes:
    """The value of the signature replaced by zeros."""
    start = office.sealed.index(b"/Contents <") + 11
    end = office.sealed.index(b">", start)
    return office.sealed[:start] + b"0" * (end - start) + office.sealed[end:]


@cache
def stranger() -> Office:
    """An office below a root that nobody here knows."""
    return Office()


def stranger_seal(office: Office) -> bytes:
    return stranger().sealed


def seal_by_exchange_key(office: Office) -> bytes:
    chain: list[Any] = [office.issuers["exchange"].cert]
    return seal(PDF, office.exchange_key, office.exchange, chain)


def without_people(office: Office) -> bytes:
    """Nobody who could vouch for the persons came along."""
    people = x509.pem(office.issuers["people"].cert)
    trust = [pem for pem in office.trust if pem != people]
    return made(office, replace(office.contents(), trust=trust))


def act(**changes: Any) -> dict[str, Any]:
    return {"_act": changes}


LATER = {"issued": stamp(now() + 3 * DAY), "expires": stamp(now() + 4 * DAY)}
BEFORE = {"issued": stamp(START - DAY), "expires": stamp(START)}
BACKWARDS = {"issued": stamp(now()), "expires": stamp(now() - DAY)}
DESK = {"person": "p", "post": "p", "unit": "mk", "organ": "620700-SWB"}
ELSEWHERE = act(desk=DESK | {"organ": "620702"})
SIGN_OFF, MEETING = act(verb="documents.sign_off"), act(verb="meetings.send")
OTHER_DOCUMENT = act(object={"uid": "other"})
OTHER_TEXT = act(object={"kind": "documents.document", "uid": "x", "digest": OTHER})
OTHER_KEY = suites.public_b64(suites.new_key())

ACTS = [
    *(Case(f"no {verb}", 218, missing(verb)) for verb in VERBS[:3]),
    Case("a dispatch of another file", 218, acting("dispatch", sealed=OTHER)),
    Case("a dispatch of another envelope", 218, acting("dispatch", envelope=OTHER)),
    Case("a dispatch twice", 218, two_dispatches),
    Case("a sign-off where the dispatch should be", 218, acting("dispatch", **SIGN_OFF)),
    Case("a dispatch of another kind", 218, acting("dispatch", **MEETING)),
    Case("dispatched by another organ", 300, lambda o: made(o, o.contents(organ="620702"))),
    Case("signed off by another organ", 218, acting("sign_off", **ELSEWHERE)),
    Case("a seal on another file", 218, acting("seal", pdf=OTHER)),
    Case("a seal on a file of no size", 218, acting("seal", pdf_size=0)),
    Case("a seal on a file of size true", 218, acting("seal", pdf_size=True)),
    Case("a seal on a longer file", 218, acting("seal", pdf_size=10**9)),
    Case("a seal on no file", 218, acting("seal", pdf=None, pdf_size=None)),
    Case("a seal on no file, of size 0", 218, acting("seal", pdf=None, pdf_size=0)),
    Case("a sign-off of another document", 218, acting("sign_off", **OTHER_DOCUMENT)),
    Case("a sign-off of nothing", 218, acting("sign_off", **act(object=None))),
    Case("a sign-off of another text", 218, acting("sign_off", **OTHER_TEXT)),
    Case("a number for another document", 218, acting("assign_number", **OTHER_DOCUMENT)),
    Case("genuine acts of another document", 218, of_another_package),
    Case("signed off by the node", 218, by_node),
    Case("the node in the place of a person", 218, records(node_for_person)),
    Case("an act of the next version", 218, acting("sign_off", **act(v=2))),
    Case("an act with a suite that nobody knows", 218, acting("sign_off", **act(suite="intl-0"))),
    Case("an act after the signature", 218, acting("sign_off", **act(**LATER))),
    Case("an act before the credential", 218, acting("sign_off", **act(**BEFORE))),
    Case("an act that expired before it began", 218, acting("sign_off", **act(**BACKWARDS))),
    Case("an act with another credential", 218, acting("sign_off", **act(credential=uuid7()))),
    Case("an act of another node", 218, acting("sign_off", **act(node="node-2"))),
    Case("an act of another person", 218, acting("sign_off", **act(desk=DESK))),
    Case("an act signed by another key", 218, records(by_another_key)),
    Case("a record of another format", 218, records(lambda f, o: {"format": "juyan-act-2"})),
    Case("a record signed in an unknown way", 218, records(stamped)),
    Case("a record with a key too many", 218, records(lambda f, o: {"note": "x"})),
    Case("an opened text that was not signed", 218, records(opened)),
    Case("a credential by the holder's own word", 218, records(own_word)),
    Case("a credential by the authority for seals", 218, records(by_seals_authority)),
    Case("a credential of another key", 218, stating(public_key=OTHER_KEY)),
    Case("a credential that has expired", 218, stating(not_after=stamp(START + DAY / 48))),
    Case("a credential for tomorrow", 218, stating(not_before=stamp(now() + DAY))),
    Case("a credential of another person", 218, stating(person=uuid7())),
    Case("a credential of another node", 218, stating(node="node-2")),
    Case("a credential for demonstrations", 218, stating(demo=True)),
    Case("nobody to vouch for persons", 218, without_people),
]  # fmt: skip
SEALS = [
    Case("a body without a seal", 219, body(lambda o: PDF + b"%")),
    Case("the seal of another unit", 219, body(lambda o: o.seal_pdf(PDF, "620702"))),
    Case("a seal from an unknown root", 219, body(stranger_seal)),
    Case("a seal by the exchange key", 219, body(seal_by_exchange_key)),
    Case("bytes after the seal", 219, body(lambda o: o.sealed + b"\n% added afterwards\n")),
    Case("a seal without its range", 219, body(lambda o: o.sealed.replace(b"/Byte", b"/Bite"))),
    Case("a seal that covers less than the file", 219, body(shorter_range)),
    Case("a seal of zeros", 219, body(hollow)),
    Case("a second seal that does not hold", 219, body(lambda o: stranger().seal_pdf(o.sealed))),
    Case("a body edited under the seal", 218, body(edited)),
    Case("a body edited, and the act with it", 219, edited_with_the_act),
    Case("half of the body", 218, body(lambda o: o.sealed[:80])),
]  # fmt: skip
CASES = [*ACTS, *SEALS]
