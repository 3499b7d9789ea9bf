"""The kinds of evidence: names, who signs, whether a reason is due, and what they do to a state.

Codes A to F follow the events of ETSI EN 319 522-1; X are those of this house.
"""

from __future__ import annotations

from msgspec import Struct

OPEN = ("sealed", "accepted", "in_transit")
"""States before a package lies in the recipient's box."""
SETTLED = ("refused", "failed", "returned", "recalled", "closed")
"""States that nothing leads out of, but ``failed`` to paper."""


class EvidenceType(Struct, frozen=True):
    """One kind of evidence."""

    zh: str
    en: str
    etsi: str = ""
    """The ETSI event; empty where there is none."""
    signer: str = "node"
    """``node`` or ``unit`` (its exchange key)."""
    side: str = ""
    """The unit that may sign it: ``recipient``, ``sender``, or either."""
    by_person: bool = False
    """Whether a person's signed act must stand behind it."""
    verb: str = ""
    """The verb of this act, where only one will do."""
    negative: bool = False
    """Whether a reason is due."""
    before: tuple[str, ...] = ()
    after: str = ""
    """The states that it leads from and the one that it leads to; empty: it moves nothing."""

    def moves(self, state_from: str, state_to: str) -> bool:
        """Whether evidence of this kind may lead from one state to the other."""
        if not self.after:
            return state_from == state_to
        return state_from in self.before and state_to == self.after


TYPES: dict[str, EvidenceType] = {
    "A1": EvidenceType(
        "提交受理",
        "Submission accepted",
        "SubmissionAcceptance",
        before=("sealed",),
        after="accepted",
    ),
    "A2": EvidenceType(
        "提交拒绝",
        "Submission rejected",
        "SubmissionRejection",
        negative=True,
        before=("sealed",),
        after="refused",
    ),
    "B1": EvidenceType(
        "转接收", "Relay accepted", "RelayAcceptance", before=("accepted",), after="in_transit"
    ),
    "B2": EvidenceType(
        "转拒绝", "Relay rejected", "RelayRejection", negative=True, before=OPEN[1:], after="failed"
    ),
    "B3": EvidenceType(
        "转失败", "Relay failed", "RelayFailure", negative=True, before=OPEN[1:], after="failed"
    ),
    "D1": EvidenceType(
        "送达交换箱",
        "Delivered to the box",
        "ContentConsignment",
        before=OPEN[1:],
        after="delivered",
    ),
    "D2": EvidenceType(
        "投递失败",
        "Delivery failed",
        "ContentConsignmentFailure",
        negative=True,
        before=OPEN[1:],
        after="failed",
    ),
    "D3": EvidenceType("到文提醒", "Notified of arrival", "ConsignmentNotification"),
    "D4": EvidenceType("首次阅取", "First opened", "ContentAccessTracking"),
    "C1": EvidenceType(
        "签收",
        "Signed for",
        "ConsignmentAcceptance",
        signer="unit",
        side="recipient",
        by_person=True,
        verb="exchange.sign_for",
        before=("delivered",),
        after="signed",
    ),
    "C2": EvidenceType(
        "退文",
        "Sent back",
        "ConsignmentRejection",
        signer="unit",
        side="recipient",
        by_person=True,
        verb="exchange.send_back",
        negative=True,
        before=("delivered", "registered"),
        after="returned",
    ),
    "C3": EvidenceType("逾期未签收", "Not signed for in time", "AcceptanceRejectionExpiry"),
    "E1": EvidenceType(
        "移交办公系统",
        "Handed over to the office system",
        "ContentHandover",
        before=("registered",),
        after="handed_over",
    ),
    "E2": EvidenceType("移交失败", "Handover failed", "ContentHandoverFailure", negative=True),
    "F1": EvidenceType(
        "转纸质", "Turned to paper", "RelayToNonERDS", before=("failed",), after="paper"
    ),
    "F2": EvidenceType(
        "转纸质失败", "Turning to paper failed", "RelayToNonERDSFailure", negative=True
    ),
    "F3": EvidenceType("纸质收文补录", "Receipt on paper entered later", "ReceivedFromNonERDS"),
    "X1": EvidenceType(
        "撤回申请",
        "Recall requested",
        signer="unit",
        side="sender",
        by_person=True,
        verb="exchange.recall",
    ),
    "X2": EvidenceType(
        "撤回生效",
        "Recall effective",
        before=("accepted", "in_transit", "delivered"),
        after="recalled",
    ),
    "X3": EvidenceType("撤回不成立", "Recall not possible", negative=True),
    "X4": EvidenceType(
        "同意撤回",
        "Recall agreed to",
        signer="unit",
        side="recipient",
        by_person=True,
        verb="exchange.agree_recall",
        before=("signed", "registered", "handed_over"),
        after="recalled",
    ),
    "X5": EvidenceType(
        "作废", "Declared void", signer="unit", side="sender", by_person=True, verb="exchange.void"
    ),
    "X6": EvidenceType(
        "替换", "Replaced", signer="unit", side="sender", by_person=True, verb="exchange.supersede"
    ),
    "X7": EvidenceType("催办", "Reminder to sign for it"),
    "X8": EvidenceType(
        "补发", "Sent again", signer="unit", side="sender", by_person=True, verb="exchange.resend"
    ),
    "X9": EvidenceType(
        "修改时限",
        "Deadline changed",
        signer="unit",
        side="sender",
        by_person=True,
        verb="exchange.set_deadline",
    ),
    "X10": EvidenceType("打印登记", "Printing recorded", signer="unit", side="recipient"),
    "X11": EvidenceType(
        "办理反馈",
        "Result reported",
        signer="unit",
        side="recipient",
        before=("registered", "handed_over"),
        after="closed",
    ),
    "X12": EvidenceType(
        "签收更正", "Signing corrected", signer="unit", side="recipient", by_person=True
    ),
    "X13": EvidenceType(
        "收文登记",
        "Incoming document registered",
        signer="unit",
        side="recipient",
        before=("signed",),
        after="registered",
    ),
    "X14": EvidenceType("办理未成立", "Too late to take effect", negative=True),
}
"""Code → kind."""
