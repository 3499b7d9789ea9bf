"""Having effects done again that were given up, once what stood in their way is mended."""

from __future__ import annotations

from kernel.acts import outbox
from kernel.acts.models import Effect
from kernel.acts.verbs import act
from kernel.crypto.ids import now
from kernel.errors import Conflict, Invalid
from kernel.identity.desk import Desk
from kernel.storage.database import after_commit

MOST = 500
"""So many at once."""


def _left(desk: Desk, *, effects: list[str]) -> None:
    if not 0 < len(effects) <= MOST:
        raise Invalid(
            "house.effects",
            f"请选择 1 到 {MOST} 项，再点“重新办理”。",
            f"Choose 1 to {MOST} of them, then have them done again.",
        )
    if not Effect.select().where(Effect.key.in_(effects) & outbox.troubled()).exists():
        raise Conflict(
            "house.effects_done",
            "所选的后台事项已经办成，或正在办理，不必再办。请刷新页面查看。",
            "These are done or just being done, so there is nothing to do again. Reload the page.",
        )


@act(
    "house.do_again",
    title="重新办理后台事项",
    title_en="Do background work again",
    level="effects",
    weight="recorded",
    check=_left,
)
def do_again(desk: Desk, *, effects: list[str]) -> int:
    """Queue effects anew that were given up, and let those that wait begin at once.

    :param effects: their keys; those that were done meanwhile are left alone.
    :returns: how many were queued.
    """
    query = Effect.update(state="queued", failures=0, due=now(), lease=None)
    count = query.where(Effect.key.in_(effects) & outbox.troubled()).execute()
    after_commit(outbox.wake)
    return int(count)
