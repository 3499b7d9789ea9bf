"""The pages of administration in both languages, and after a plugin was taken away."""

import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest

from kernel.acts.house.grants import grant
from kernel.acts.house.switches import switch_plugin
from kernel.acts.verbs import verbs
from kernel.crypto import ids
from kernel.identity.models import Credential
from kernel.node import open_node
from kernel.plugins.bus import FAULTS, bus
from kernel.plugins.switches import switchboard
from kernel.storage.database import connection
from kernel.testing_office import Browser, Office

CPCO = "620700-CPCO"
ERRANDS = Path(__file__).parent.parent / "toy" / "errands"
CHINESE = re.compile("[\u4e00-\u9fff]+")


def reader(office: Office, name: str, language: str) -> Browser:
    browser = office.browser()
    browser.cookies.set("lang", language)
    assert browser.login(name).status_code == 200
    return browser


def part(page: str, tag: str, marked: str) -> str:
    """The element of this class or name, without what is inside tags."""
    found = re.search(rf"<{tag}[^>]*{marked}[^>]*>.*?</{tag}>", page, re.S)
    assert found, page
    return re.sub(r"<[^>]+>", " ", found[0])


@pytest.fixture
def orphaned(office: Office) -> Iterator[Office]:
    """An office with an act in its log whose plugin is no longer installed."""
    admin = office.desk("杨帆")
    office.act(admin, switch_plugin, organ=CPCO, plugin="errands", on=True)
    errand = office.act(office.desk("林晓梅"), verbs().get("errands.ask"), text="取简报").result
    office.act(office.desk("孙倩"), verbs().get("errands.finish"), errand, remark="已取")
    shutil.rmtree(office.settings.instance / "plugins" / "errands")
    with open_node(office.settings) as node:
        yield Office(office.settings, node)


@pytest.mark.plugins(ERRANDS)
@pytest.mark.parametrize(("language", "title"), [("zh", "启停插件"), ("en", "Switch a plugin")])
def test_the_log_outlives_the_plugin(orphaned: Office, language: str, title: str):
    auditor = reader(orphaned, "高峰", language)
    page = auditor.get("/admin/log")
    assert page.status_code == 200
    assert "errands.finish" in page.text and title in page.text
    found = part(auditor.get("/admin/log", params={"q": title}).text, "tbody", "role")
    assert title in found and "errands.finish" not in found
    assert "errands.finish" in part(auditor.get("/admin/log?q=errands").text, "tbody", "role")
    assert "errands.finish" in auditor.get("/admin/log?export=csv").text


def test_the_plugins_are_described_in_english(office: Office):
    page = reader(office, "孙倩", "en").get("/admin/plugins").text
    assert "Needs: Workflow" in page
    assert CHINESE.findall(part(page, "ul", 'class="switches"')) == []


def test_the_plugins_are_described_in_chinese(office: Office):
    page = reader(office, "孙倩", "zh").get("/admin/plugins").text
    assert "需要：流程" in page and "把办理环节写成数据" in page


@pytest.mark.parametrize(
    ("language", "title"), [("zh", "公文办理"), ("en", "Documents")], ids=["zh", "en"]
)
def test_the_task_filter_names_plugins(office: Office, language: str, title: str):
    page = reader(office, "林晓梅", language).get("/tasks").text
    assert title in part(page, "select", 'name="type"').split()


@pytest.mark.plugins(ERRANDS)
def test_what_was_switched_is_said_in_english(office: Office):
    admin = reader(office, "孙倩", "en")
    said = admin.post("/admin/plugins/errands", data={"on": "1"}).text
    assert "Switched on: Errands" in said


def test_missing_needs_are_named_in_both_languages(office: Office):
    office.act(office.desk("孙倩"), switch_plugin, organ=CPCO, plugin="workflow", on=False)
    folder = office.settings.instance / "plugins" / "tower"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text('"""A plugin of a test."""\n')
    (folder / "plugin.toml").write_text(
        '[plugin]\nname = "tower"\ntitle = "塔"\n[rollout]\ndefault = "on"\n'
        '[needs]\nplugins = ["workflow"]\n',
        "utf-8",
    )
    with open_node(office.settings), connection():
        why = switchboard().why("tower", CPCO)
        assert switchboard().title("tower", "en") == "塔"
    assert (why.text("zh"), why.text("en")) == ("需要先启用：流程。", "Needs Workflow first.")


def test_what_takes_others_along_is_asked_first(office: Office):
    admin = reader(office, "孙倩", "zh")
    answer = admin.post("/admin/plugins/workflow", data={"on": "0"}).text
    assert "一并停用：公文办理。" in answer
    alone = admin.post("/admin/plugins/feedback", data={"on": "0"}).text
    assert "停用“意见建议”后，本单位" in alone and "一并停用：公文办理。" not in alone
    with connection():
        assert {"workflow", "documents", "feedback"} <= switchboard().effective(CPCO)
    answer = admin.post("/admin/plugins/workflow", data={"on": "0", "sure": "1"}).text
    assert "已停用：公文办理、流程" in answer and "您可以在这里启用" in answer
    with connection():
        assert not {"workflow", "documents"} & switchboard().effective(CPCO)


@pytest.mark.parametrize(
    ("language", "given", "said"),
    [
        ("zh", "1", "将授予林晓梅（秘书科 科员）：启用和停用插件。"),
        ("zh", "0", "将收回林晓梅（秘书科 科员）：启用和停用插件。"),
        ("en", "1", "Gives 林晓梅 (秘书科 科员): Switch plugins."),
    ],
)
def test_who_grants_reads_what_and_to_whom(office: Office, language: str, given: str, said: str):
    admin = reader(office, "孙倩", language)
    with connection():
        post = office.post("林晓梅").uid
    asked = admin.post(
        f"/admin/people/{post}/rights", data={"level": "house.switch", "given": given}
    )
    assert asked.url.path == "/acts/confirm" and said in asked.text


def test_who_revokes_a_key_reads_whose(office: Office):
    admin = reader(office, "杨帆", "zh")
    with connection():
        person = office.post("陈静").person.uid
        key = Credential.get(Credential.person == person).uid
    asked = admin.post(f"/admin/keys/{person}/revoke", data={"credential": key, "reason": "遗失"})
    assert "将停用陈静的安全认证插件" in asked.text


RAISING = """
from kernel.api import hookimpl
@hookimpl
def home_panels(desk):
    raise RuntimeError("boom")
"""


@pytest.fixture
def shaky(office: Office) -> Iterator[Office]:
    """An office with a plugin that has just been taken out of use."""
    folder = office.settings.instance / "plugins" / "shaky"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(f'"""A plugin of a test."""{RAISING}')
    (folder / "plugin.toml").write_text(
        '[plugin]\nname = "shaky"\ntitle = "摇晃"\ntitle_en = "Shaky"\n[rollout]\ndefault = "on"\n',
        "utf-8",
    )
    with open_node(office.settings) as node:
        found = Office(office.settings, node)
        bus().strict = False
        anybody = reader(found, "林晓梅", "zh")
        for _ in range(FAULTS):
            anybody.get("/")
        yield found


def of_plugin(page: str, title: str) -> str:
    """What stands at one plugin, buttons included, as words."""
    found = [one for one in page.split('<li class="switches__i">') if f"<strong>{title}<" in one]
    return " ".join(re.sub(r"<[^>]+>", " ", found[0].partition("</li>")[0]).split())


def test_who_keeps_the_node_reads_what_failed_and_what_to_do(shaky: Office):
    page = reader(shaky, "杨帆", "zh").get("/admin/plugins").text
    said = of_plugin(page, "摇晃")
    assert said.startswith("摇晃 故障 ") and "未启用" not in said and "联系系统管理员" not in said
    assert f"home_panels 出错 {FAULTS} 次，最近 今天" in said and "RuntimeError: boom" in said
    assert "直到节点重新启动；请先修复或停用" in said
    card = part(page, "section", 'aria-label="启动以来的插件故障"')
    assert card.count("boom") == 1 and "摇晃" in card and "shaky" not in card
    english = of_plugin(reader(shaky, "杨帆", "en").get("/admin/plugins").text, "Shaky")
    assert "Faulty" in english and "home_panels failed 5 times" in english
    assert not CHINESE.findall(english)


def test_others_read_whom_to_ask_and_may_switch_the_faulty_one_off(shaky: Office):
    admin = reader(shaky, "孙倩", "zh")
    page = admin.get("/admin/plugins").text
    said = of_plugin(page, "摇晃")
    assert "故障" in said and "请联系系统管理员" in said and "boom" not in page
    assert "已停用：摇晃" in admin.post("/admin/plugins/shaky", data={"on": "0"}).text
    assert "停用" not in of_plugin(admin.get("/admin/plugins").text, "摇晃").split()
    with connection():
        assert switchboard().switched(CPCO)["shaky"] is False
    refused = admin.post("/admin/plugins/shaky", data={"on": "1"}).text
    assert "“摇晃”：插件故障，已暂停使用" in refused


def test_a_phase_that_has_not_come_says_who_brings_it(office: Office):
    folder = office.settings.instance / "plugins" / "later"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text('"""A plugin of a test."""\n')
    (folder / "plugin.toml").write_text(
        '[plugin]\nname = "later"\ntitle = "后续"\n[rollout]\nphase = 3\n', "utf-8"
    )
    with open_node(office.settings) as node:
        page = reader(Office(office.settings, node), "孙倩", "zh").get("/admin/plugins").text
    said = of_plugin(page, "后续")
    assert "第3阶段起可以启用" in said and "由系统管理员在“接入阶段”页提出推进" in said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh", "“公文办理”：本单位没有启用，可由部门管理员启用。"),
        ("en", "Documents: Switched off; the unit's admin may switch it on."),
    ],
)
def test_a_page_of_a_plugin_that_is_off_names_it(office: Office, language: str, said: str):
    office.act(office.desk("孙倩"), switch_plugin, organ=CPCO, plugin="documents", on=False)
    answer = reader(office, "林晓梅", language).get("/documents/out")
    assert answer.status_code == 404 and said in unescape(answer.text)


def log_rows(browser: Browser, **query: str) -> list[str]:
    """The rows of the log as words: deed, object, person, organ, weight, time."""
    text = unescape(browser.get("/admin/log", params=query).text)
    found = re.findall(r'<tr role="row".*?</tr>', text.partition("<tbody")[2], re.S)
    return [" ".join(re.sub(r'<span class="c-label".*?</span>|<[^>]+>', " ", one).split())
            for one in found]  # fmt: skip


def test_the_log_says_what_it_was_done_to(office: Office):
    admin = office.desk("孙倩")
    for plugin, on in (("feedback", False), ("feedback", True), ("announcements", False)):
        office.act(admin, switch_plugin, organ=CPCO, plugin=plugin, on=on)
    post = office.post("林晓梅")
    office.act(office.desk("何静"), grant, post=post.uid, level="house.audit", given=True)
    auditor = reader(office, "高峰", "zh")
    said = log_rows(auditor, q="启停插件")
    assert [row.split("孙")[0].strip() for row in said] == [
        "启停插件 公告 · 停用",
        "启停插件 意见建议 · 启用",
        "启停插件 意见建议 · 停用",
    ]
    assert log_rows(auditor, q="house.grant")[0].startswith("授权 查看审计日志 · 林晓梅 · 授予")
    english = log_rows(reader(office, "高峰", "en"), q="house.switch_plugin")
    assert english[1].startswith("Switch a plugin Feedback · Switch on 孙倩")


def test_the_log_is_narrowed_by_who_when_where_and_how(office: Office):
    office.act(office.desk("孙倩"), switch_plugin, organ=CPCO, plugin="feedback", on=False)
    auditor = reader(office, "高峰", "zh")
    everything = log_rows(auditor)
    assert all("孙 倩" in row for row in log_rows(auditor, q="孙倩"))
    assert 0 < len(log_rows(auditor, q="孙倩")) < len(everything)
    signed = log_rows(auditor, weight="signed")
    assert signed and all(" 签名 " in row for row in signed)
    assert all(" 留痕 " in row for row in log_rows(auditor, weight="recorded"))
    assert log_rows(auditor, organ=CPCO) and log_rows(auditor, organ="620700-GEDU") == []
    assert log_rows(auditor, period="today") == everything
    ids.set_clock(lambda: ids._system_clock() + timedelta(days=8))
    try:
        later = reader(office, "高峰", "zh")
        assert "启停插件" not in " ".join(log_rows(later, period="week"))
        assert "启停插件" in " ".join(log_rows(later, period="month"))
    finally:
        ids.set_clock(None)


def test_what_the_node_did_itself_is_told_without_spaces(office: Office):
    page = unescape(reader(office, "高峰", "zh").get("/admin/log?q=建立节点").text)
    assert ">本节点</td>" in re.sub(r"\s*<span class=\"c-label\".*?</span>", "", page)
