"""What deliveries show, each against its own evidence and the acts that it came of.

What has no signed source is not compared: whether a delivery is parked for a plugin that is off.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kernel.acts.deeds import Deed
from kernel.exchange.building import ROLE_OF
from kernel.exchange.proved import Box, Event, History
from kernel.exchange.refusals import REFUSED
from kernel.exchange.settling import STEPS
from kernel.exchange.shown_packages import ENDED, envelope_of
from kernel.storage.comparing import Found, Row, differs, near

RECEIPTS = {type_ for type_, _, _ in STEPS.values()}
"""Evidence of what a person at the recipient decided."""
ON_DELIVERY = ("exchange.open", "exchange.take_up")
NAMES = {
    "sender": ("发文单位", "the sender"),
    "sender_name": ("发文单位名称", "the name of the sender"),
    "type": ("种类", "the kind"),
    "title": ("标题", "the title"),
    "number": ("文号", "the number"),
    "urgency": ("紧急程度", "the urgency"),
    "role": ("主送、抄送", "main or copy"),
    "copy": ("补发次数", "the number of the copy"),
    "opened": ("首次打开时间", "when it was first opened"),
    "verified": ("检验结果", "the result of the verification"),
    "level": ("检验级别", "the level of the verification"),
    "delivered": ("送达时间", "when it was delivered"),
    "settled": ("办结时间", "when it was settled"),
    "settled_by": ("办理人", "who settled it"),
    "reason": ("原因", "the reason"),
    "claim": ("办理中标记", "what is being recorded"),
    "claim_act": ("所依据的办理", "the act behind it"),
    "sign_by": ("签收时限", "the deadline"),
    "asked": ("撤回申请", "the request to give it back"),
    "asked_reason": ("撤回申请的原因", "the reason of the request to give it back"),
    "mark": ("作废、替换依据", "the act of void or replacement"),
    "voided": ("作废时间", "since when it is void"),
    "superseded": ("替换件", "what replaces it"),
    "ended_reason": ("作废、替换原因", "the reason of void or replacement"),
    "overdue": ("逾期时间", "since when it is overdue"),
    "urges": ("催办次数", "how often they were reminded"),
    "urged": ("催办时间", "when they were reminded"),
    "conflict": ("“未采用”标记", "the mark of a conflict"),
}
_UNDELIVERED = (
    "没有送达或投递失败的回执，来历不明，不能作数；请与备份核对"
    " / there is no evidence that it was delivered or failed: do not rely on it, compare with a"
    " backup"
)
_TWICE = (
    "同一回执对应两条投递记录，其中一条来历不明；请与备份核对"
    " / two rows stand for one delivery, and one came from nowhere: compare with a backup"
)
_WITHOUT = (
    "库中状态为“{}”，没有相应回执，回执证明的是“{}”；以回执为准，请与备份核对后改回"
    " / is {} without evidence of it, what was signed says {}: that counts, compare with a backup"
)
_GONE = (
    "有送达回执，但库中没有投递记录；请从备份中找回"
    " / was delivered by its evidence, and its row is gone: look for it in a backup"
)


def causes_of(history: History, rows: Sequence[Row]) -> set[str]:
    """The acts that these deliveries and their evidence came of."""
    named = {row[name] for row in rows for name in ("claim_act", "mark", "asked")}
    mine = [one for row in rows for one in history.boxes.get(box_of(row), ())]
    return {one.cause for one in mine if one.type in (*RECEIPTS, "X2")} | named - {""}


def box_of(row: Row) -> Box:
    """What evidence calls a delivery."""
    return str(row["organ"]), str(row["uid"]) if row["copy"] else ""


def compare(
    history: History,
    rows: Sequence[Row],
    done: Mapping[str, Sequence[Deed]],
    causes: Mapping[str, Deed],
) -> Iterator[Found]:
    """Name what these rows say otherwise than what was signed.

    :param done: the acts :data:`ON_DELIVERY` on each of them. :param causes: :func:`causes_of`.
    """
    for row in rows:
        box, acts = box_of(row), done.get(row["uid"], ())
        history.seen[box] += 1
        yield from _conflicts(history.boxes.get(box, ()), acts)
        yield from _delivery(_Box(row, box, history, acts, causes))


def gone(history: History) -> Iterator[Found]:
    """Name what was delivered, by its evidence, and is in no box; after all rows were seen."""
    for (organ, copy), events in history.boxes.items():
        first = next((one for one in events if one.type in ("D1", "D2")), None)
        if first is not None and not first.conflict and not history.seen[organ, copy]:
            yield f"delivery {copy or first.facts['msg_id'] + ' to ' + organ}", _GONE


def _conflicts(events: Sequence[Event], acts: Sequence[Deed]) -> Iterator[Found]:
    """Whether what is not applied is what the node found to contradict the rest."""
    taken = {one.params.get("evidence"): one.params.get("conflict") for one in acts}
    for one in events:
        signed = bool(taken.get(one.digest, False))
        if one.conflict != signed:
            shown = differs(NAMES["conflict"], one.conflict, signed)
            yield f"evidence {one.facts['ev_id']}", shown


def _delivery(box: _Box) -> Iterator[Found]:
    row = box.row
    where, moves = f"delivery {row['uid']}", [one for one in box.events if one.moves]
    if not moves or moves[0].type not in ("D1", "D2"):
        yield where, _UNDELIVERED
        return
    if box.history.seen[box.name] > 1:
        yield where, _TWICE
    state = str(moves[-1].facts["state_to"])
    if row["state"] != state:
        yield where, _WITHOUT.format(row["state"], state, row["state"], state)
        return
    signed = box.of_sender() | box.of_opening() | box.of_deadline() | box.of_reminders()
    signed |= box.of_request() | box.of_end() | (box.of_claim() or box.of_receipt())
    for name, value in signed.items():
        if row[name] != value:
            yield where, differs(NAMES[name], row[name], value)


class _Box:
    """One delivery: for each group of its columns, what was signed of them.

    A time that only the node's own act says is taken as the row has it where it is near that of
    the act: rows of version 0.1 were written a moment after it.
    """

    def __init__(
        self,
        row: Row,
        name: Box,
        history: History,
        acts: Sequence[Deed],
        causes: Mapping[str, Deed],
    ) -> None:
        self.row, self.name, self.history, self.causes = row, name, history, causes
        self.events = [one for one in history.boxes.get(name, ()) if not one.conflict]
        self.opened = [one for one in acts if one.verb == "exchange.open"]

    def _time(self, column: str, at: str) -> str:
        shown = self.row[column]
        return str(shown) if near(shown, at) else at

    def _last(self, *types: str) -> Event | None:
        mine = [one for one in self.events if one.type in types]
        return mine[-1] if mine else None

    def _arrival(self) -> Deed | None:
        """The node's act that laid it into the box."""
        uid = self.row["uid"]
        for one in self.history.done("exchange.deliver_again"):
            if uid in {row["uid"] for row in one.params["rows"]}:
                return one
        return next(iter(self.history.done("exchange.accept")), None)

    def of_sender(self) -> dict[str, Any]:
        """What the package says, and in which role it was sent."""
        row, package, arrival = self.row, self.history.package, self._arrival()
        signed: dict[str, Any] = {"copy": 0}
        if arrival is not None:
            signed["delivered"] = self._time("delivered", arrival.at)
        if package is None:
            return signed
        signed |= {name: package[name] for name in ("type", "title", "number", "urgency")}
        signed["sender"] = package["organ"]
        envelope = envelope_of(package) or {"recipients": [], "sender": {}}
        laid = () if arrival is None else arrival.params.get("rows", ())
        for one in (one for one in laid if one["uid"] == row["uid"]):
            signed |= {name: one[name] for name in ("copy", "role", "sender_name")}
        for one in (one for one in envelope["recipients"] if not laid):
            if one["unit"] == row["organ"]:
                signed |= {"role": ROLE_OF[one["role"]]}
                signed["sender_name"] = envelope["sender"]["name"]
        return signed

    def of_opening(self) -> dict[str, Any]:
        """Whether it was opened, and what the verification said then."""
        if not self.opened:
            return {"opened": None, "verified": None, "level": ""}
        last = self.opened[-1]
        verified = self._time("verified", last.at) if last.params["verified"] else None
        first = self._time("opened", self.opened[0].at)
        return {"opened": first, "verified": verified, "level": last.params["level"]}

    def of_receipt(self) -> dict[str, Any]:
        """Who settled it, when and why; nothing of it while nobody has."""
        nobody = {"settled_by": "", "reason": "", "claim_act": "", "settled": None}
        last = self._last(*RECEIPTS, "X2")
        if last is None:
            return nobody
        if not last.cause:
            return {}  # it came from elsewhere, and was taken up as it was
        signed = {"reason": "" if last.type == "C1" else last.reason(), "claim_act": last.cause}
        if last.type != "X2":
            return signed | {"settled": last.time, "settled_by": last.facts["actor"]["person"]}
        for one in self.history.about_all("X1"):
            if one.cause == last.cause:
                signed["settled_by"] = one.facts["actor"]["person"]
        for deed in self.history.done("exchange.withdraw"):
            if deed.params["by"] == last.cause:
                signed["settled"] = self._time("settled", deed.at)
        return signed

    def of_claim(self) -> dict[str, Any]:
        """What a person decided and the node is recording; empty where nothing is."""
        row = self.row
        if not row["claim"]:
            return {}
        deed = self.causes.get(row["claim_act"])
        if deed is None:
            return {"claim": ""}
        about = row["package"] if row["claim"] == "recall" else row["uid"]
        same = (deed.verb, deed.subject) == (f"exchange.{row['claim']}", about)
        same = same and (row["claim"] != "recall" or self._meant(deed))
        receipt = self._last(*RECEIPTS, "X2")
        done = receipt is not None and receipt.cause == deed.uid
        settled = receipt.time if receipt is not None else None
        return {"claim": row["claim"] if same and not done else "", "settled": settled}

    def of_deadline(self) -> dict[str, Any]:
        """Until when it had to be signed for, and since when it is overdue."""
        row, arrival, allowed = self.row, self._arrival(), [self._first_deadline()]
        claimed = self._claimed()
        for one in self.history.done("exchange.move_deadline"):
            named = not one.params["units"] or row["organ"] in one.params["units"]
            if not named or (arrival is not None and one.id < arrival.id):
                continue
            if claimed is None or one.id < claimed.id:
                allowed = [one.params["sign_by"]]
            # Two at the same moment: whoever was first at the row is not told by the numbers.
            if claimed is not None and near(one.at, claimed.at):
                allowed = [*allowed, self._first_deadline(), one.params["sign_by"]]
        known = row["sign_by"] in allowed
        return {"sign_by": row["sign_by"] if known else allowed[0], "overdue": self._overdue()}

    def _first_deadline(self) -> str | None:
        package, arrival = self.history.package, self._arrival()
        for one in () if arrival is None else arrival.params.get("rows", ()):
            if one["uid"] == self.row["uid"]:  # acts of version 0.1 gave copies none
                until = one.get("sign_by")
                return str(until) if until else None
        envelope = envelope_of(package) if package is not None else None
        if envelope is None or self.row["copy"]:
            return None
        sent = self.row["organ"] in {one["unit"] for one in envelope["recipients"]}
        return envelope["sign_by"] if sent else None

    def _claimed(self) -> Deed | None:
        """The act by which it stopped waiting."""
        first = next((one for one in self.events if one.type in (*RECEIPTS, "X2")), None)
        cause = first.cause if first is not None else self.row["claim_act"]
        return self.causes.get(cause)

    def _overdue(self) -> str | None:
        late = self._last("C3")
        if late is None:
            return None
        units = (("", ""), (self.row["organ"], ""))
        later = [one for name in units for one in self.history.boxes.get(name, ())]
        if not any(one.type == "X9" and one.id > late.id for one in later):
            return late.time
        # It was given more time; unless it had been signed for before that.
        settled = self._claimed() is not None and self.row["overdue"] == late.time
        return late.time if settled else None

    def of_reminders(self) -> dict[str, Any]:
        """How often they were reminded, and when last."""
        mine = [one for one in self.events if one.type == "X7"]
        last = self._time("urged", mine[-1].time) if mine else None
        return {"urges": len(mine), "urged": last}

    def of_request(self) -> dict[str, Any]:
        """Whether the sender asks for it back and waits for an answer."""
        asked = self.row["asked"]
        if not asked:
            reasons = {one.cause: one.reason() for one in self.history.about_all("X1")}
            reached = {one.uid for one in self._requests()}
            # It may have been answered before the request was recorded, which tells the reason.
            unsaid = reached - reasons.keys()
            known = unsaid or self.row["asked_reason"] in {"", *(reasons[one] for one in reached)}
            return {"asked": self._unanswered()} | ({} if known else {"asked_reason": ""})
        deed = self.causes.get(asked)
        about = (deed.verb, deed.subject, deed.params.get("ask")) if deed is not None else ()
        of_package = about == ("exchange.recall", self.row["package"], True)
        if deed is None or not of_package or not self._meant(deed):
            return {"asked": ""}
        said = next((e for e in self.history.about_all("X1") if e.cause == asked), None)
        if said is None:
            return {}
        return {"asked": "" if self._answered(said) else asked, "asked_reason": said.reason()}

    def _answered(self, request: Event) -> bool:
        refused = [e for e in self.events if e.type == "X3" and e.gives(str(REFUSED))]
        return any(e.id > request.id for e in refused) or self._last("X4") is not None

    def _unanswered(self) -> str:
        """The request that this delivery was reached by and that nobody answered, if any."""
        claimed = self._claimed()
        if self.row["state"] != "signed" or claimed is None:
            return ""
        for said in self.history.about_all("X1"):
            for deed in self._requests():
                # Two at the same moment: the numbers do not tell whom it reached.
                if deed.uid == said.cause and not near(claimed.at, deed.at):
                    return "" if self._answered(said) else deed.uid
        return ""

    def _requests(self) -> list[Deed]:
        """The requests to give it back that reached this delivery, or may have."""
        claimed = self._claimed()
        signing = self.row["claim"] == "sign_for" or self._last("C1") is not None
        if claimed is None or not signing:  # who sent it back has nothing to give back
            return []
        return [
            deed
            for deed in self.history.done("exchange.recall")
            if deed.params.get("ask")
            and self._meant(deed)
            and deed.uid != claimed.uid
            and (claimed.id < deed.id or near(claimed.at, deed.at))
        ]

    def _meant(self, recall: Deed) -> bool:
        """Whether a recall names this recipient, or nobody, which is all."""
        units = recall.params.get("units")
        return not units or self.row["organ"] in units

    def of_end(self) -> dict[str, Any]:
        """Whether it was declared void or replaced, by the evidence; or is about to be."""
        row, none = self.row, {"mark": "", "voided": None, "superseded": "", "ended_reason": ""}
        said = next(iter(self.history.about_all("X5", "X6")), None)
        if said is None:
            deed = self.causes.get(row["mark"])
            about = (deed.verb in ENDED, deed.subject) if deed is not None else ()
            if about == (True, row["package"]):
                return {"voided": None, "superseded": ""}
            return none
        refused = any(one.type == "X14" and one.cause == said.cause for one in self.events)
        if not row["mark"] and (refused or row["state"] == "recalled"):
            return none
        signed = none | {"mark": said.cause, "ended_reason": said.reason()}
        if said.type == "X6":
            return signed | {"superseded": said.reason("successor")}
        marked = self.history.done("exchange.mark")
        at = next((one.at for one in marked if one.params["by"] == said.cause), said.time)
        return signed | {"voided": self._time("voided", at)}
