"""Notices against the node's code over what they say, for ``log verify``.

No act says a notice: the node writes it of a task, or of what came about. One that is gone is not
named, for they are let go of after a while; what it led to is compared itself.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator

import peewee

from kernel.acts.models import Notice
from kernel.acts.notices import code_of
from kernel.storage.comparing import Found, Step, stretches, uncounted
from kernel.storage.database import connection


def reconcile(step: Step = uncounted) -> Iterator[Found]:
    """Name notices that the node did not write so. Earlier versions gave them no code: of those
    nothing is said, as long as they stand before all that have one."""
    with connection():
        first = Notice.select(peewee.fn.MIN(Notice.id)).where(Notice.code != "").scalar()
    for rows in stretches(Notice):
        for row in rows:
            older = not row["code"] and (first is None or row["id"] < first)
            if not older and not hmac.compare_digest(str(row["code"]), code_of(row)):
                yield f"notice {row['uid']}", _ALTERED
        step(len(rows))


_ALTERED = (
    "不是本节点写下的提醒，或已被改动，不能作数；请打开其所指的事项核对，并报安全保密管理员"
    " / is not what the node wrote: do not rely on it, look at what it leads to, and tell the"
    " security administrator"
)
