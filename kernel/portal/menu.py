"""The kernel's own entries of the side navigation, and the names of its groups."""

from __future__ import annotations

from peewee import fn

from kernel.acts import hold, outbox
from kernel.acts.models import Proposal
from kernel.exchange.models import Delivery
from kernel.identity.desk import Desk
from kernel.portal.i18n import _
from kernel.portal.page import MenuItem
from kernel.portal.urls import url
from kernel.storage.writing import Ready


def title_of(category: str) -> str:
    """The heading of a group of plugins."""
    names = {
        "documents": _("公文"),
        "collaboration": _("政务协同"),
        "admin": _("管理"),
    }
    return names.get(category, category)


def house_menu(desk: Desk, counts: dict[str, int]) -> list[tuple[str, list[MenuItem]]]:
    """Home and tasks; the exchange; the administration, each for who may use it."""
    first = [
        MenuItem(_("工作台"), url("home"), "layout-dashboard"),
        MenuItem(
            _("待办中心"), url("tasks"), "list-checks", counts.get("todo", 0), note=_("件待办")
        ),
    ]
    first.append(MenuItem(_("日历"), url("calendar"), "calendar-clock"))
    exchange = []
    if desk.has("exchange.view"):
        (count,) = _TO_SIGN_FOR.first(desk.organ_code) or (0,)
        exchange = [
            MenuItem(_("收文签收"), url("exchange:inbox"), "file-input", count, note=_("件待签收")),
            MenuItem(_("发文回执"), url("exchange:outbox"), "send"),
        ]
    return [("", first), ("documents", exchange), ("admin", _admin(desk))]


_TO_SIGN_FOR = Ready(
    lambda organ: Delivery.select(fn.COUNT(Delivery.id)).where(
        (Delivery.organ == organ) & (Delivery.state == "delivered")
    )
)
_OPEN = Ready(
    lambda organ: Proposal.select(Proposal.level).where(
        (Proposal.organ == organ) & (Proposal.state == "open")
    )
)


def _to_confirm(desk: Desk) -> bool:
    """Whether any waits that this desk may see (:meth:`Proposal.visible`)."""
    return any(level in desk.levels for (level,) in _OPEN.rows(desk.organ_code))


def _admin(desk: Desk) -> list[MenuItem]:
    items = []
    if desk.has("house.switch"):
        items.append(MenuItem(_("插件启停"), url("admin:plugins"), "settings"))
    if desk.has("house.look"):
        items.append(MenuItem(_("单位门面"), url("admin:look"), "palette"))
    if desk.has("house.calendar"):
        items.append(MenuItem(_("工作日历"), url("admin:calendar"), "calendar-clock"))
    if desk.has("house.rollout"):
        items.append(MenuItem(_("接入阶段"), url("admin:rollout"), "send"))
    if desk.has("house.effects"):
        items.append(
            MenuItem(
                _("后台事项"),
                url("admin:effects"),
                "refresh-cw",
                outbox.how_many_stuck(),
                note=_("项没有办成"),
            )
        )
    if desk.has("house.resume") and hold.held() is not None:
        items.append(MenuItem(_("恢复运行"), url("admin:resume"), "triangle-alert"))
    if desk.has("house.keys"):
        items.append(MenuItem(_("安全认证插件"), url("admin:keys"), "key-round"))
    if desk.has("house.grant"):
        items.append(MenuItem(_("岗位授权"), url("admin:people"), "users"))
    if desk.has("house.rollout") or _to_confirm(desk):
        items.append(MenuItem(_("双人复核"), url("admin:proposals"), "shield"))
    if desk.has("house.audit"):
        items.append(MenuItem(_("审计日志"), url("admin:log"), "history"))
    return items
