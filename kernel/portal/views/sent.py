"""What became of a dispatch: who has signed for it, and what is there to prove it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from peewee import JOIN, fn
from starlette.responses import Response

from kernel.acts.house import reading
from kernel.crypto.ids import now
from kernel.errors import NotFound
from kernel.exchange import receipts
from kernel.exchange.deadlines import SOON
from kernel.exchange.models import Delivery, Evidence, Package
from kernel.exchange.recalling import askable_count, asked_count, open_count, requests
from kernel.exchange.urging import urgeable_count
from kernel.identity.models import Unit
from kernel.identity.rights import rights
from kernel.portal.answers import download
from kernel.portal.ctx import Ctx
from kernel.portal.i18n import _, _l, ngettext, speaking
from kernel.portal.items import href_of
from kernel.portal.lists import Column, Filter, ListSpec, Sort, from_query
from kernel.portal.live import watched
from kernel.portal.parts import Receipt, ReceiptBook, ReceiptState
from kernel.portal.starring import star_of
from kernel.portal.urls import url
from kernel.portal.views.boxes import due_of, tags_of
from kernel.portal.words import ended_word

_RECEIPT: dict[str, ReceiptState] = {
    "signed": "signed",
    "returned": "returned",
    "recalled": "recalled",
    "failed": "failed",
}
STATES = {
    "waiting": _l("未签收"),
    "read": _l("已阅未签"),
    "overdue": _l("逾期未签收"),
    "soon": _l("时限将到"),
    "signed": _l("已签收"),
    "late": _l("超时签收"),
    "returned": _l("已退回"),
    "recalled": _l("已撤回"),
    "asked": _l("撤回待答复"),
    "failed": _l("投递失败"),
}


def _in_state(name: str) -> Any:
    waits, signed = Delivery.state == "delivered", Delivery.state == "signed"
    counts = waits & (Delivery.mark == "")
    noted = (Delivery.mark == "") | Delivery.overdue.is_null(False)
    found: dict[str, Any] = {
        "waiting": waits,
        "read": waits & Delivery.opened.is_null(False),
        "overdue": counts & (Delivery.sign_by <= now()),
        "soon": counts & (Delivery.sign_by > now()) & (Delivery.sign_by <= now() + SOON),
        "signed": signed,
        "late": signed & (Delivery.settled > Delivery.sign_by) & noted,
        "returned": Delivery.state == "returned",
        "recalled": Delivery.state == "recalled",
        "asked": Delivery.asked != "",
        "failed": Delivery.state == "failed",
    }
    return found[name]


def _note(row: Any, asked: Mapping[str, str]) -> str:
    """What the sender should know of one recipient, in one line."""
    said = [row.reason] if row.state in ("returned", "recalled") else []
    said += [] if row.counts else [_("已补发")]
    said += [asked[row.uid]] if row.uid in asked else []
    if row.urges:
        said.append(ngettext("催办 %(n)s 次", "催办 %(n)s 次", row.urges) % {"n": row.urges})
    return " · ".join(said)


def _spec(asked: Mapping[str, str]) -> ListSpec:
    """:param asked: what the sender's tasks to send it again say, by the delivery."""
    return ListSpec(
        title=_l("各单位回执"),
        columns=(
            Column("unit", _l("单位"), "title", value=_name),
            Column("state", _l("状态"), "tag", value=_word),
            Column("person", _l("签收人"), "person", value=_person),
            Column("settled", _l("时间"), "time"),
            Column("sign_by", _l("签收时限"), "due", value=due_of),
        ),
        sorts=(Sort("sent", _l("按发送顺序"), "place", field=_place()),),
        default_sort="sent",
        filters=(Filter("state", _l("状态"), tuple(STATES.items()), _l("全部状态")),),
        search_hint=_l("按单位名称查找"),
        meta=lambda row: _note(row, asked),
        tags=lambda row: [word for word in tags_of(row) if word not in (row.urgency, "超时")],
        page_size=50,
        entries=True,
    )


def _place() -> Any:
    """A copy stands beside what was sent to its recipient first: uids say the order of sending."""
    every = Delivery.alias()
    same = (every.package == Delivery.package) & (every.organ == Delivery.organ)
    return fn.COALESCE(every.select(fn.MIN(every.uid)).where(same), "")


def _name(row: Delivery) -> str:
    box: Unit | None = getattr(row, "box", None)
    return box.name if box is not None else str(row.organ)


def _person(row: Delivery) -> str:
    # Of a recall it is the sender's own, and nobody has signed.
    return str(row.settled_by) if row.state in ("signed", "returned") else ""


def receipt_book(package: Package) -> ReceiptBook:
    """Who has signed for a package, who has not, who sent it back; of copies the newest."""
    names = {unit.code: unit for unit in Unit.select().where(Unit.box)}
    rows = Delivery.select().where(Delivery.package == package.uid)
    # A recipient keeps the place of his first one, whichever is the newest.
    newest = {row.organ: row for row in rows.order_by(Delivery.copy, Delivery.id)}
    return ReceiptBook(tuple(_receipt(row, names.get(row.organ)) for row in newest.values()))


def _receipt(row: Delivery, unit: Unit | None) -> Receipt:
    waiting = row.state == "delivered"
    return Receipt(
        unit.name if unit is not None else row.organ,
        _state(row),
        short=unit.short_name if unit is not None else row.organ,
        person="" if waiting else row.settled_by,
        at=row.settled,
        note="" if waiting else row.reason,
    )


def _word(row: Delivery) -> str:
    """The state as the squares and their legend say it, which is not how the receiver has it."""
    return str(_receipt(row, None).label)


def _state(row: Delivery) -> ReceiptState:
    if row.state != "delivered":
        return _RECEIPT[row.state]
    if row.awaited and row.sign_by is not None and row.sign_by <= now():
        return "overdue"
    return "read" if row.opened else "delivered"


def package_page(ctx: Ctx, uid: str) -> Response:
    """The receipts of one dispatch: who has signed for it, who has not, who sent it back."""
    package = ctx.get(Package, uid)
    # Counted before: what comes meanwhile is asked for once more.
    count = watched(uid)
    with speaking(ctx.language):
        spec = _spec({task.uid: task.meta for task in requests(package)})
        fetch = from_query(
            _rows().where(Delivery.package == package.uid),
            spec,
            ident=Delivery.uid,
            filters={"state": _in_state},
            search=lambda text: Unit.name.contains(text) | Unit.short_name.contains(text),
        )
        return ctx.show_list(
            # Whoever asks again gets what changes, and keeps the page around it.
            "exchange/receipts_live.html" if ctx.partial else "exchange/package.html",
            spec,
            fetch,
            url("exchange:package", uid=uid),
            title=package.title,
            ended=ended_word(package.ended),
            item=package,
            here=ctx.here,
            star=star_of(ctx, package),
            book=receipt_book(package),
            watched=count,
            at=now(),
            source=_source(ctx, package),
            successor=_successor(package),
            evidence=receipts.evidence_of(package),
            **_may(ctx, package),
        )


def _rows() -> Any:
    """Deliveries with their units, also those that no unit has: a package from outside may name
    them. Each knows its place and whether it counts: whether nothing was sent again for it."""
    box = Unit.code == Delivery.organ
    asked = Delivery, Unit, _place().alias("place"), receipts.newest().alias("counts")
    return Delivery.select(*asked).join(Unit, JOIN.LEFT_OUTER, on=box, attr="box")


def _may(ctx: Ctx, package: Package) -> dict[str, Any]:
    """What this desk can still do with it: how many boxes each act would reach."""
    free = package.state == "sent" and not package.claim
    return {
        "may_manage": free and ctx.desk.has("exchange.manage"),
        "may_recall": free and ctx.desk.has("exchange.recall"),
        "waiting": open_count(package),
        "urgeable": urgeable_count(package),
        "managers": rights().holder_names("exchange.manage", package.organ),
        "askable": askable_count(package),
        "asked": asked_count(package),
    }


def _source(ctx: Ctx, package: Package) -> str:
    """Where the sent object is shown; nowhere while its plugin is off."""
    on = package.subject_kind.partition(".")[0] in ctx.plugins
    return href_of(package.subject_kind, package.subject) if on else ""


def _successor(package: Package) -> Package | None:
    found: Package | None = Package.get_or_none(Package.uid == package.successor)
    return found


def _mine(ctx: Ctx, uid: str) -> Evidence:
    """A piece of evidence that this organ sent or that concerns its delivery."""
    row: Evidence | None = Evidence.get_or_none(Evidence.uid == uid)
    if row is not None and ctx.desk.has("exchange.view"):
        package: Package = row.package
        sent = package.organ == ctx.desk.organ_code
        if sent or receipts.concerns(row, ctx.desk.organ_code):
            return row
    raise NotFound(
        "files.missing",
        "没有这个文件，或者您无权查看。请从公文页面重新打开。",
        "There is no such file for you; open it again from the page of its document.",
    )


def evidence_file(ctx: Ctx, uid: str) -> Response:
    """One piece of evidence as a file, which anybody can verify offline."""
    row = _mine(ctx, uid)
    ctx.require_deliberate()
    reading.note(ctx.desk, f"evidence/{uid}.json")
    return download(bytes(row.record), f"{row.type}-{uid}.json", "application/json")
