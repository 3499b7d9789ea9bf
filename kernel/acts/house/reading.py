"""Reading that leaves a trace: exports of lists and downloads of files.

It is the only write that a GET may cause, once a day and thing, and never from another site.
"""

from __future__ import annotations

from kernel.acts import delegated
from kernel.acts.gate import do
from kernel.acts.models import Act
from kernel.acts.statement import place_of
from kernel.acts.verbs import act
from kernel.crypto import canonical
from kernel.crypto.ids import now
from kernel.identity.desk import Desk
from kernel.work.calendar import day_begins, local_day


@act(
    "house.read_out",
    title="导出或下载",
    title_en="Export or download",
    level="read",
    weight="recorded",
)
def read_out(desk: Desk, *, what: str, day: str) -> None:
    """Note that a desk took a list or a file out of the system."""


def note(desk: Desk, what: str) -> None:
    """Note it, once a day of Asia/Shanghai.

    :param what: the list (``导出：发文``) or the file (``下载：<uid>``), never its content.
    """
    day = local_day(now())
    here = {"desk": place_of(desk), "acting_for": delegated.facts_of(desk)["acting_for"]}
    mine = Act.select(Act.bytes).where(
        (Act.verb == "house.read_out")
        & (Act.person == desk.person.uid)
        & (Act.at >= day_begins(day))
    )
    for one in mine:
        facts = canonical.loads(bytes(one.bytes))
        if facts["params"]["what"] == what and facts | here == facts:
            return  # by this person, at this desk, in this name
    do(desk, read_out, what=what, day=day.isoformat())
