"""Documents against the acts on them, for ``log verify``: step, content, number, opinions, files.

A document is what its acts made of it. What no act says is not compared: the type of document, its
series and disclosure; and of what came in, when it was entered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from kernel.api import (
    Generation,
    OfficeError,
    Opinion,
    Package,
    Person,
    Post,
    comparing,
    connection,
    deeds,
    local,
    numbering,
    parse_stamp,
    scan,
    snapshot,
    whose,
)
from plugins.documents import proving_incoming as incoming
from plugins.documents.acts.approving import step_before_number
from plugins.documents.acts.versions import content_of
from plugins.documents.acts.writing import every_outgoing, outgoing
from plugins.documents.elements import texts_of
from plugins.documents.models import DISCARDED, SENT, Document, Incoming, Version
from plugins.workflow import face as workflow

STEP_OF = {one.verb: one.key for one in outgoing().steps if one.verb != "documents.seal"}
"""The verbs that take a document on, each with its step; of the seal, the node's record does."""
STEP_OF |= {"documents.record_seal": "seal"}
JUMPS = {
    "documents.discard": DISCARDED,
    "documents.seal_failed": "typeset",
    "documents.withdraw": "draft",
}
"""The verbs that lead to a certain step from wherever it stands."""
VERBS = (*STEP_OF, *JUMPS, "documents.seal", "documents.send_back")
WRITTEN = (
    *("documents.review", "documents.office_review", "documents.sign_off"),
    "documents.send_back",
)
"""The verbs that leave an opinion."""
KEPT = (*(verb for verb in STEP_OF if verb != "documents.record_seal"), "documents.send_back")
"""The verbs that leave a version."""
_LED = ("sign_off_act", "number_act", "seal_act")
NAMES = {
    "state": ("环节", "the step"),
    "digest": ("标题、正文、主送、抄送或附件", "title, text, recipients or attachments"),
    "sign_off_act": ("所依据的签发", "the act of the sign-off"),
    "number_act": ("所依据的编号", "the act of the number"),
    "seal_act": ("所依据的用印", "the act of the seal"),
    "signer_name": ("签发人", "who signed it off"),
    "issued": ("成文日期", "the day of issue"),
    "sheet": ("版式数据", "the sheet"),
    "pdf": ("版式文件", "the fixed-layout file"),
    "pdf_size": ("版式文件大小", "the size of the fixed-layout file"),
    "pages": ("页数", "the pages"),
    "placement": ("盖章位置", "the place of the seal"),
    "sealed": ("已盖章文件", "the sealed file"),
    "package": ("公文包", "the package"),
    "number": ("历史版本的版次", "the number of the version"),
    "content": ("历史版本内容", "the content of the version"),
    "step": ("历史版本所在环节", "the step of the version"),
    "action": ("历史版本的办理方式", "how the version was handed on"),
    "person": ("历史版本的办理人", "who handed the version on"),
    "at": ("历史版本的时间", "the time of the version"),
    "place": ("意见所在环节", "the step of the opinion"),
    "urgency": ("紧急程度", "the urgency"),
    "organ": ("所属机关", "the organ"),
    "unit": ("拟稿部门", "the section that drafted it"),
    "drafter": ("拟稿人", "the drafter"),
    "drafter_post": ("拟稿岗位", "the post of the drafter"),
    "submitted": ("是否报送过", "whether it was ever submitted"),
}


def reconcile(step: comparing.Step) -> Iterator[comparing.Found]:
    """Compare every document, version and registered delivery with what was signed."""
    with connection():
        for rows in comparing.stretches(
            Document, Document.uid, where=Generation.vouched(Document.uid), size=100
        ):
            uids = [row["uid"] for row in rows]
            with snapshot():
                found = [*_documents(uids), *_left(uids), *_waiting(uids)]
            yield from found
            step(len(rows))
        verb = "documents.assign_number"
        yield from numbering.compare(Document, Document.number, verb=verb)
        yield from numbering.compare(Incoming, Incoming.number)
        yield from workflow.altered(Document, *every_outgoing())
        yield from deeds.without(WRITTEN, Opinion.act, ("意见", "its opinion"))
        yield from deeds.without(KEPT, Version.act, ("历史版本", "its version"))
        for uid in comparing.missing(Version, Version.document, Document.uid):
            yield f"{Document.kind} {uid}", _OF_NOTHING
        yield from incoming.reconcile(step)


def _documents(uids: list[str]) -> Iterator[comparing.Found]:
    acts = deeds.deeds_on(Document.kind, uids, VERBS)
    rows = {one["uid"]: one for one in comparing.rows_of(Document, where=[Document.uid.in_(uids)])}
    packages = _packages(row["package"] for row in rows.values())
    for document in Document.select().where(Document.uid.in_(uids)).order_by(Document.id):
        mine, row = acts.get(document.uid, []), rows[document.uid]
        try:
            yield from _document(document, row, mine, packages.get(row["package"]))
        except (AttributeError, KeyError, TypeError, ValueError, OfficeError):
            yield f"{Document.kind} {document.uid}", _UNREADABLE


_UNREADABLE = (
    "内容已被改动，无法读取；请从备份中找回"
    " / its content was altered and cannot be read: look for it in a backup"
)


def _document(
    document: Document,
    row: comparing.Row,
    mine: list[deeds.Deed],
    package: comparing.Row | None,
) -> Iterator[comparing.Found]:
    where = f"{Document.kind} {document.uid}"
    state, strange = _replayed(mine)
    if strange is not None:
        yield where, _OUT_OF_TURN.format(strange.uid, strange.uid)
        return
    signed = {"state": state} | _acts(mine) | _files(mine) | _sign_off(row, mine)
    signed |= _scope(mine) | _planned(row, package, mine)
    for name, value in signed.items():
        if row[name] != value:
            yield where, comparing.differs(NAMES[name], row[name], value)
    yield from _acts_of_package(package, mine)
    if (refusal := _scanned(document)) is not None:
        yield where, _MARKED.format(refusal.zh, refusal.en)
    # At the drafter's desk it may be changed again, and nothing is signed of that.
    if mine and state not in ("draft", DISCARDED) and document.digest() != mine[-1].digest:
        yield where, comparing.differs(NAMES["digest"], document.digest(), mine[-1].digest)


def _packages(uids: Iterable[str]) -> dict[str, comparing.Row]:
    fields = (Package.uid, Package.subject, Package.state, Package.acts)
    mine = Package.uid.in_([uid for uid in uids if uid])
    return {row["uid"]: row for row in comparing.rows_of(Package, *fields, where=[mine])}


def _planned(
    row: comparing.Row, package: comparing.Row | None, acts: list[deeds.Deed]
) -> dict[str, Any]:
    """Before it is sent it may name a package that was planned for it, which nobody has signed."""
    if not row["package"] or _last(acts, "documents.dispatch") is not None:
        return {}
    state = package["state"] if package and package["subject"] == row["uid"] else ""
    return {} if state == "planned" else {"package": ""}


def _acts_of_package(
    package: comparing.Row | None, acts: list[deeds.Deed]
) -> Iterator[comparing.Found]:
    """With the package go the acts that led to it, in their order."""
    sent = _last(acts, "documents.dispatch")
    if sent is None or package is None:
        return
    led = [one for name, one in _acts(acts).items() if name in _LED]
    if package["acts"] != [*led, sent.uid]:
        name = ("随包的办理", "the list of acts that travel with it")
        where = f"package {package['uid']}"
        yield where, comparing.differs(name, package["acts"], [*led, sent.uid])


_BY_DRAFTER = ("documents.submit", "documents.discard")


def _scope(acts: list[deeds.Deed]) -> dict[str, Any]:
    """Who sees it: the organ and section of the desk that submitted it or gave it up, which had
    drafted it; before that the section alone. Of a mere draft no act says whose it is."""
    first = next((one for one in acts if one.verb in _BY_DRAFTER), None)
    if first is None:
        return {"submitted": False}
    found = {"organ": first.organ, "drafter": first.principal, "drafter_post": first.post}
    post = Post.get_or_none(Post.uid == first.post)
    if post is not None:
        found["unit"] = post.unit.code
    last = _last(acts, "documents.submit", "documents.withdraw")
    withdrawn = last is None or last.verb == "documents.withdraw"
    # What was sent back before had been seen by others, and stays so.
    return found | {"submitted": not withdrawn or _last(acts, "documents.send_back") is not None}


def _scanned(document: Document) -> OfficeError | None:
    """What the scanners say of it now: that it was looked at before is a row that may be altered.
    Where one is missing, the acts that it guards are refused, and nothing is said here."""
    try:
        scan(*texts_of(content_of(document)))
    except OfficeError as error:
        return None if error.code == "acts.scanner_down" else error
    return None


_MARKED = (
    "内容本不能保存，检查结论或正文被改动过，请报保密员：{}"
    " / could not have been saved, so its text or the verdict on it was altered; tell the secrecy"
    " officer: {}"
)
_OUT_OF_TURN = (
    "办理 {} 不在其环节上，办理记录有缺失或库中环节被改过；请与备份核对"
    " / act {} was done out of turn: acts are missing, or the step was altered before; compare with"
    " a backup"
)


def _replayed(acts: list[deeds.Deed]) -> tuple[str, deeds.Deed | None]:
    """Where the acts lead, one after the other; and the first that was not done at its step."""
    state = outgoing().steps[0].key
    for one in acts:
        if one.verb in STEP_OF and state != STEP_OF[one.verb]:
            return state, one
        state = _after(one, state)
    return state, None


def _after(one: deeds.Deed, state: str) -> str:
    """The step to which an act leads that was done at one."""
    if one.verb in STEP_OF:
        after = outgoing().after(state)
        return SENT if after is None else after.key
    if one.verb == "documents.send_back":
        return str(one.params["to"])
    return JUMPS.get(one.verb, state)


def _places(acts: list[deeds.Deed]) -> dict[str, str]:
    """Act → the step at which it was done."""
    state, found = outgoing().steps[0].key, {}
    for one in acts:
        found[one.uid] = state
        state = _after(one, state)
    return found


def _last(acts: list[deeds.Deed], *verbs: str) -> deeds.Deed | None:
    return next((one for one in reversed(acts) if one.verb in verbs), None)


def _signed_off(acts: list[deeds.Deed]) -> deeds.Deed | None:
    """The sign-off that counts: none once it went back to a step before the numbering."""
    for one in reversed(acts):
        if one.verb == "documents.sign_off":
            return one
        if one.verb == "documents.send_back" and step_before_number(str(one.params["to"])):
            return None
    return None


def _acts(acts: list[deeds.Deed]) -> dict[str, Any]:
    """Which acts a document names: those that travel with it."""
    found = {
        "sign_off_act": _signed_off(acts),
        "number_act": _last(acts, "documents.assign_number"),
    }
    sealing = _last(acts, "documents.seal", "documents.seal_failed")
    found["seal_act"] = sealing if sealing and sealing.verb == "documents.seal" else None
    return {name: "" if one is None else one.uid for name, one in found.items()}


def _files(acts: list[deeds.Deed]) -> dict[str, Any]:
    """Which files it has: typeset, sealed, sent."""
    typeset, sealed = _last(acts, "documents.typeset"), _last(acts, "documents.record_seal")
    sent = _last(acts, "documents.dispatch")
    found: dict[str, Any] = {"sealed": sealed.params["sealed"] if sealed else ""}
    if sent is not None:
        found["package"] = sent.params["package"]
    if typeset is None:
        return found | {"sheet": "", "pdf": "", "pdf_size": 0, "pages": 0, "placement": {}}
    said = typeset.params
    found |= {name: said[name] for name in ("sheet", "pdf", "pdf_size", "pages")}
    return found | {"placement": {name: said[name] for name in ("page", "x_um", "y_um")}}


def _sign_off(row: comparing.Row, acts: list[deeds.Deed]) -> dict[str, Any]:
    """Who decided, and when: both are printed."""
    signed = _signed_off(acts)
    if signed is None:
        return {"signer_name": "", "issued": ""}
    at = parse_stamp(signed.at)
    days = {local(moment).date().isoformat() for moment in (at, at + timedelta(seconds=10))}
    day = row["issued"] if row["issued"] in days else local(at).date().isoformat()
    person = Person.get_or_none(Person.uid == signed.principal)
    return {"issued": day} | ({} if person is None else {"signer_name": person.name})


def _left(uids: list[str]) -> Iterator[comparing.Found]:
    """Versions and opinions, which acts on these documents left."""
    on = deeds.deeds_on(Document.kind, uids, VERBS)
    places = {uid: place for acts in on.values() for uid, place in _places(acts).items()}
    acts = {one.uid: one for some in on.values() for one in some}
    names = deeds.named(acts.values())
    numbers = {
        one.uid: number
        for some in on.values()
        for number, one in enumerate((one for one in some if one.verb in KEPT), 1)
    }
    for row in comparing.rows_of(Version, where=[Version.document.in_(uids)]):
        deed, where = acts.get(row["act"]), f"version {row['number']} of {row['document']}"
        if deed is None or deed.subject != row["document"]:
            yield where, _NOBODY
            continue
        back = deed.verb == "documents.send_back"
        signed = {
            "number": numbers.get(deed.uid, row["number"]),
            "content": deed.digest,
            "step": places[deed.uid],
            "action": "back" if back else "done",
            "person": names.get(deed.uid, row["person"]),
            "at": row["at"] if comparing.near(row["at"], deed.at) else deed.at,
        }
        shown = row | {"content": _digest_of(row["content"])}
        for name, value in signed.items():
            if shown[name] != value:
                yield where, comparing.differs(NAMES[name], shown[name], value)
    of_these = (Opinion.kind == Document.kind) & Opinion.subject.in_(uids)
    for row in comparing.rows_of(Opinion, where=[of_these]):
        deed = acts.get(row["act"])
        if deed is not None and row["step"] != (step := _title(deed, places[deed.uid])):
            where = f"opinion {row['uid']}"
            yield where, comparing.differs(NAMES["place"], row["step"], step)


def _title(deed: deeds.Deed, place: str) -> str:
    """The step as an opinion names it."""
    title = outgoing().step(place).title
    return f"{title}：退回" if deed.verb == "documents.send_back" else title


_OF_NOTHING = (
    "有历史版本指向此件，但库中没有；版本被改动过，或此件已被删除，请从备份中找回"
    " / has versions, and is not there: they were altered, or its row is gone, look for it in a"
    " backup"
)
_NOBODY = (
    "没有相应的办理，来历不明，不能作数；请与备份核对"
    " / no act made it: do not rely on it, compare with a backup"
)


def _digest_of(content: Any) -> str:
    try:
        return Document(**content).digest()
    except (TypeError, ValueError, KeyError, AttributeError):
        return "?"


def _waiting(uids: list[str]) -> Iterator[comparing.Found]:
    """Whose the task is, the workflow compares; here that there is one until it is finished."""
    fields = (Document.state, Document.uid, Document.urgency)
    rows = comparing.rows_of(Document, *fields, where=[Document.uid.in_(uids)])
    # At the drafter's desk it may be changed again. What came back from the signer had none.
    urgent = {
        row["uid"]: {
            "urgency": (row["urgency"], "") if row["state"] == "typeset" else (row["urgency"],)
        }
        for row in rows
        if row["state"] not in ("draft", SENT, DISCARDED)
    }
    yield from whose.told(Document.kind, urgent)
    over = [row["uid"] for row in rows if row["state"] in (SENT, DISCARDED)]
    yield from whose.lost(Document.kind, {row["uid"] for row in rows} - {*over})
    yield from whose.over(Document.kind, over)
