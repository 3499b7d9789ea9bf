"""The main job from a program and from the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kernel.api import Invalid, blobs, connection
from kernel.settings import REFERENCE, ROOT
from kernel.testing_office import Office
from kernel.work.workshop import workshop
from plugins.documents import line
from plugins.documents.models import Document

NOTICE = json.loads((REFERENCE / "zhangye" / "notice.json").read_text("utf-8"))


def test_the_founding_notice_goes_to_everybody_whom_it_addresses(office: Office):
    told: list[str] = []
    issued = line.issue(NOTICE, progress=told.append)
    assert (
        told
        == list(issued.steps)
        == [
            *("拟稿", "送核", "科室核稿", "办公室核稿", "签发", "编号", "排版", "用印", "分发"),
        ]
    )
    assert issued.recipients == 7
    with connection():
        document = Document.get()
    assert issued.number == document.number == f"市委办发〔{document.issued[:4]}〕91号"
    assert document.cc == NOTICE["cc"]
    assert [one["kind"] for one in document.attachments] == ["table", "table"]
    text = "".join(workshop().page_text(blobs().get(document.sealed))).replace("\n", "")
    for words in (issued.number, "附件1", "附件2", "市委办公室文件", "抄送：市人大常委会办公室"):
        assert words in text, words


def test_it_can_be_left_at_any_step(office: Office):
    issued = line.issue(NOTICE, until="office_review", people=["林晓梅"])
    assert (issued.number, issued.package, issued.recipients) == ("", "", 0)
    with connection():
        assert Document.get().state == "sign"
    with pytest.raises(ValueError, match="none of"):
        line.issue(NOTICE, until="tomorrow")


def test_an_unknown_issuer_and_an_empty_attachment_are_named(office: Office):
    with pytest.raises(Invalid) as refused:
        line.issue({**NOTICE, "issuer": "某某局"})
    assert refused.value.code == "documents.no_issuer"
    with pytest.raises(Invalid) as refused:
        line.issue({**NOTICE, "attachment_note": ["某某表"]})
    assert refused.value.code == "documents.no_attachment"


@pytest.mark.parametrize(
    ("people", "until", "why"),
    [
        (["无名氏"], "dispatch", "没有名为“无名氏”的人员"),
        (["刘志强"], "dispatch", "刘志强不是中共张掖市委办公室的人员"),
        (["杨帆"], "dispatch", ""),
        (["周海涛"], "office_review", "周海涛不办理本件的任何环节"),
        (["林晓梅", "无名氏"], "dispatch", "无名氏"),
    ],
)
def test_who_cannot_act_is_refused_before_the_first_act(
    office: Office, people: list[str], until: str, why: str
):
    told: list[str] = []
    with pytest.raises(Invalid) as refused:
        line.issue(NOTICE, progress=told.append, people=people, until=until)
    assert refused.value.code == "documents.people"
    assert people[-1] in refused.value.zh and why in refused.value.zh
    assert people[-1] in refused.value.en and "林晓梅" in refused.value.zh
    with connection():
        assert (told, Document.select().count()) == ([], 0)


def test_a_named_person_acts(office: Office):
    issued = line.issue(NOTICE, until="sign_off", people=["林晓梅", "周海涛"])
    assert list(issued.steps)[-1] == "签发"
    with connection():
        document = Document.get()
    assert (document.drafter_name, document.signer_name) == ("林晓梅", "周海涛")


def manage(instance: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "--instance", str(instance), "document", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_send_and_show_on_the_command_line(office: Office, tmp_path: Path):
    file = tmp_path / "notice.json"
    small = {**NOTICE, "main": ["620700-GFIN"], "cc": [], "attachment_note": []}
    file.write_text(json.dumps(small, ensure_ascii=False), "utf-8")
    instance = office.settings.instance
    sent = manage(instance, "send", str(file), "--as", "林晓梅", "--json")
    assert sent.returncode == 0, sent.stderr
    issued = json.loads(sent.stdout)
    assert issued["recipients"] == 1
    shown = manage(instance, "show", issued["number"], "--json")
    facts = json.loads(shown.stdout)
    assert (facts["uid"], facts["state"]) == (issued["document"], "sent")
    assert [move["step"] for move in facts["moves"]][-1] == "dispatch"
    nobody = manage(instance, "show", "某字〔2026〕1号")
    assert nobody.returncode == 1
    assert "没有编号或发文字号" in nobody.stderr
    refused = manage(instance, "send", str(file), "--as", "刘志强")
    assert refused.returncode == 2 and "documents.people" in refused.stderr
