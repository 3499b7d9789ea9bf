"""The pages of administration in both languages, and after a plugin was taken away."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.acts.house.switches import switch_plugin
from kernel.acts.verbs import verbs
from kernel.identity.models import Credential
from kernel.node import open_node
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
