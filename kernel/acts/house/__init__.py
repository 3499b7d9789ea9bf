"""The kernel's own verbs: confirming, switches, keys, grants, the rollout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kernel.acts.house import (
    calendar,
    confirm,
    delegating,
    effects,
    generating,
    genesis,
    grants,
    guarding,
    keys,
    looks,
    presence,
    reading,
    resuming,
    rollout,
    switches,
    timing,
)
from kernel.identity.rights import ROLES, Level

VERBS: list[Callable[..., Any]] = [
    calendar.set_day,
    confirm.confirm,
    confirm.decline,
    delegating.delegate,
    delegating.end_delegation,
    effects.do_again,
    generating.generate,
    genesis.open_node,
    grants.grant,
    guarding.install_guard,
    guarding.remove_guard,
    keys.cancel_enrolment,
    keys.issue_key,
    keys.open_enrolment,
    keys.revoke_key,
    looks.set_look,
    presence.end_sessions,
    presence.end_session,
    presence.sign_in,
    presence.sign_out,
    reading.read_out,
    resuming.restored,
    rollout.advance,
    switches.switch_plugin,
    timing.set_back,
]

LEVELS = [
    Level("house.switch", "启用和停用插件", "Switch plugins", ("unit_admin", "system_admin")),
    Level("house.calendar", "设置工作日历", "Set the calendar", ("system_admin",)),
    Level("house.effects", "处理后台事项", "Look after background work", ("system_admin",)),
    Level("house.look", "设置单位门面", "Set the look", ("unit_admin", "system_admin")),
    Level(
        "house.rollout", "推进接入阶段", "Advance the rollout", ("system_admin", "security_admin")
    ),
    Level("house.keys", "管理安全认证插件", "Manage keys", ("system_admin", "security_admin")),
    Level("house.resume", "恢复运行", "Resume", ("system_admin", "security_admin")),
    Level("house.grant", "授权", "Grant rights", ("security_admin", "unit_admin")),
    Level(
        "house.delegate",
        "授权委托",
        "Delegate",
        ("section_head", "office_director", "leader", "document_clerk"),
    ),
    Level("house.guards", "移除安全检查插件", "Remove guards", ("system_admin", "security_admin")),
    Level("house.read", "导出和下载", "Export and download", tuple(ROLES)),
    Level("house.audit", "查看审计日志", "Read the audit log", ("audit_admin",)),
    Level("house.confirm", "复核双人操作", "Confirm two-person acts", tuple(ROLES)),
]
