"""Classified content is refused and kept nowhere; while the check is down nothing moves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.api import NotFound, Refused, Unavailable, blobs, connection
from kernel.plugins.bus import bus
from kernel.plugins.switches import switchboard
from kernel.storage.database import transaction
from plugins.documents.acts import writing
from plugins.documents.models import Document
from plugins.secrecy.models import Verdict
from tests.plugins.people import DRAFTER, Flow, short

SECRET = "绝密★长期 某某事项代号七四一"


def stored(instance: Path) -> Iterator[bytes]:
    for file in sorted(instance.rglob("*")):
        if file.is_file() and file.name.startswith("juyan.db"):
            yield file.read_bytes()


def test_a_marked_text_is_refused_and_not_kept(flow: Flow):
    document = flow.draft()
    desk = flow.office.desk(DRAFTER)
    body = ["正文第一段。", SECRET]
    with pytest.raises(Refused) as refused:
        flow.office.act(desk, writing.save, document, content=short(body=body))
    assert refused.value.code == "secrecy.marked"
    assert "立即停止录入" in refused.value.zh
    assert flow.fresh(document).body == short()["body"]
    assert not any("代号七四一".encode() in data for data in stored(flow.office.settings.instance))
    assert list(blobs().digests()) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "机密★1年"},
        {"annotation": "秘密"},
        {"attachments": [{"title": "表", "kind": "text", "paragraphs": ["机密★5年"]}]},
        {"attachments": [{"title": "表", "kind": "table", "columns": ["密级：机密", "甲"]}]},
    ],
)
def test_every_element_is_looked_at(flow: Flow, changes: dict[str, object]):
    with pytest.raises(Refused) as refused:
        flow.draft(**changes)
    assert refused.value.code == "secrecy.marked"
    with connection():
        assert Document.select().count() == 0


def test_content_that_was_never_checked_goes_nowhere(flow: Flow):
    document = flow.draft()
    with transaction():
        Document.update(body=["绕过检查写入的内容。"]).execute()
    with pytest.raises(Refused) as refused:
        flow.do_draft(document)
    assert refused.value.code == "secrecy.unchecked"


def test_a_bad_verdict_counts_as_none(flow: Flow):
    document = flow.draft()
    with transaction():
        Verdict.update(ok=False).execute()
    with pytest.raises(Refused) as refused:
        flow.do_draft(document)
    assert refused.value.code == "secrecy.unchecked"


def test_while_the_check_is_down_nothing_is_saved_or_moved(flow: Flow):
    document = flow.draft()
    bus().quarantined["secrecy"] = "out of order, for this test"
    with pytest.raises((Refused, Unavailable)) as saving:
        flow.act(DRAFTER, writing.save, document, content=short(title="另一个标题的通知"))
    with pytest.raises(Unavailable) as moving:
        flow.do_draft(document)
    assert saving.value.code in ("acts.scanner_down", "acts.guard_down")
    assert moving.value.code == "acts.guard_down"
    assert flow.fresh(document).title == short()["title"]


def test_it_cannot_be_switched_off(flow: Flow):
    why = switchboard().why("secrecy", "620700-CPCO")
    assert (why.on, why.code) == (True, "required")


def test_nobody_sees_the_drafts_of_another_section(flow: Flow):
    document = flow.draft()
    with pytest.raises(NotFound):
        flow.act("孙倩", writing.discard, document)
