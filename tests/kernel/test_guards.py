"""Guards fail closed: broken, hanging, talking nonsense, deleted; two people remove one."""

import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kernel.acts import gate, guards
from kernel.acts.house import confirm, guarding, keys, switches
from kernel.acts.models import Act, Proposal
from kernel.acts.verbs import verbs
from kernel.errors import Conflict, NotFound, OfficeError, Refused, Unavailable
from kernel.node import open_node, prepare_database
from kernel.plugins.bus import bus
from kernel.plugins.installed import InstalledGuard
from kernel.settings import Settings, load
from kernel.storage import log_check
from kernel.storage.database import connection, transaction
from kernel.testing_office import ORIGIN, Office

ERRANDS = Path(__file__).parent.parent / "toy" / "errands"
CPCO = "620700-CPCO"


def finish(office: Office, text: str) -> gate.PreparedAct:
    """Prepare the signed act on an errand that is called so."""
    office.act(office.desk("孙倩"), switches.switch_plugin, organ=CPCO, plugin="errands", on=True)
    asked = office.act(office.desk("林晓梅"), verbs().get("errands.ask"), text=text).result
    bus().strict = False
    return gate.prepare(office.desk("孙倩"), verbs().get("errands.finish"), asked, remark="好")


@pytest.mark.plugins(ERRANDS)
@pytest.mark.parametrize(
    "text", ["故障的单子", "乱答的单子", "空答的单子", "半答的单子", "退出的单子"]
)
def test_a_guard_that_raises_or_talks_nonsense_refuses(office: Office, text: str):
    with pytest.raises(Refused, match=r"plugins\.guard_failed"):
        finish(office, text)


@pytest.mark.plugins(ERRANDS)
def test_a_guard_that_hangs_refuses_in_time_and_is_not_asked_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(guards, "SECONDS", 0.3)
    started = time.monotonic()
    with pytest.raises(Refused, match=r"plugins\.guard_failed"):
        finish(office, "卡住的单子")
    assert time.monotonic() - started < 20  # the guard would have slept for 30
    with pytest.raises(Unavailable, match=r"acts\.guard_down"):
        gate.prepare(office.desk("何静"), keys.revoke_key, credential="x", reason="遗失")


@pytest.mark.plugins(ERRANDS)
def test_a_guard_refuses_in_both_languages(office: Office):
    with pytest.raises(Refused, match=r"errands\.refused") as refusal:
        finish(office, "暂停的单子")
    assert refusal.value.text("zh") == "此单已暂停，请先恢复。"
    assert refusal.value.text("en") == "This errand is on hold; take it up first."
    with pytest.raises(Refused, match=r"errands\.refused") as refusal:
        finish(office, "单答的单子")
    assert refusal.value.text("zh") == "此单只有中文说明。"
    assert refusal.value.text("en").startswith("The check 'errands' refuses it: ")


@pytest.mark.plugins(ERRANDS)
def test_a_sound_guard_lets_the_others_through(office: Office):
    assert finish(office, "取文件").verb.name == "errands.finish"


def spoil_folder(plugin: Path) -> None:
    shutil.rmtree(plugin)


def spoil_manifest(plugin: Path) -> None:
    (plugin / "plugin.toml").write_text("[plugin\nname = ", "utf-8")


def narrow_manifest(plugin: Path) -> None:
    file = plugin / "plugin.toml"
    text = file.read_text("utf-8")
    file.write_text(text[: text.index("[guards]")], "utf-8")


def spoil_code(plugin: Path) -> None:
    (plugin / "__init__.py").write_text("raise RuntimeError('spoilt')\n", "utf-8")


def spoil_hook(plugin: Path) -> None:
    file = plugin / "__init__.py"
    text = file.read_text("utf-8")
    file.write_text(text.replace("@hookimpl\ndef guard(", "def guard("), "utf-8")


@pytest.fixture
def spoilt(office_folder: Path) -> Callable[[Callable[[Path], None]], Settings]:
    """A node that has run with the guard; then something was done to its folder."""

    def after(spoil: Callable[[Path], None]) -> Settings:
        settings = replace(load(office_folder, {}), origin=ORIGIN)
        plugin = office_folder / "plugins" / "errands"
        shutil.copytree(ERRANDS, plugin)
        prepare_database(settings)
        with open_node(settings):
            pass
        spoil(plugin)
        for name in [name for name in sys.modules if name.startswith("plugins.errands")]:
            del sys.modules[name]  # as in a process that starts
        return settings

    return after


def revoke(office: Office) -> Any:
    clerk = office.desk("孙倩")
    return gate.prepare(
        office.desk("何静"), keys.revoke_key, credential=clerk.credential, reason="遗失"
    )


@pytest.mark.parametrize("spoil", [spoil_folder, spoil_manifest, spoil_code, spoil_hook])
def test_a_guard_that_is_gone_keeps_its_acts_closed(spoilt: Any, spoil: Callable[[Path], None]):
    settings = spoilt(spoil)
    with open_node(settings) as node:
        with pytest.raises(Unavailable, match=r"acts\.guard_down"):
            revoke(Office(settings, node))


def test_a_manifest_that_guards_less_than_before_changes_nothing(spoilt: Any):
    settings = spoilt(narrow_manifest)
    with open_node(settings):
        with connection():
            row = InstalledGuard.get(InstalledGuard.name == "errands")
            assert "house.revoke_key" in row.verbs
            assert guards.names_of("house.revoke_key") >= {"errands"}


@pytest.mark.parametrize("change", [InstalledGuard.delete(), InstalledGuard.update(removed=True)])
def test_a_row_changed_by_hand_is_put_back_from_the_acts(spoilt: Any, change: Any):
    settings = spoilt(spoil_folder)
    with open_node(settings):
        with transaction():
            change.where(InstalledGuard.name == "errands").execute()
    with open_node(settings) as node:
        with pytest.raises(Unavailable, match=r"acts\.guard_down"):
            revoke(Office(settings, node))


def test_two_people_remove_a_guard_that_is_gone(spoilt: Any):
    settings = spoilt(spoil_folder)
    with open_node(settings) as node:
        office = Office(settings, node)
        proposed = office.act(
            office.desk("杨帆"), guarding.remove_guard, name="errands", reason="已停用"
        )
        assert proposed.proposed
        with pytest.raises(Unavailable):
            revoke(office)
        with pytest.raises(OfficeError, match=r"house\.same_person"):
            office.act(office.desk("杨帆"), confirm.confirm, proposed.result)
        office.act(office.desk("何静"), confirm.confirm, proposed.result)
        assert revoke(office).verb.name == "house.revoke_key"
    with open_node(settings) as node:  # and it stays removed
        assert revoke(Office(settings, node)).verb.name == "house.revoke_key"


def test_a_removal_that_only_the_row_of_the_proposal_says_is_confirmed_removes_nothing(spoilt: Any):
    settings = spoilt(spoil_folder)
    with open_node(settings) as node:
        office = Office(settings, node)
        office.act(office.desk("杨帆"), guarding.remove_guard, name="errands", reason="已停用")
        with transaction():
            Proposal.update(state="confirmed").execute()
            InstalledGuard.update(removed=True).where(InstalledGuard.name == "errands").execute()
        assert "guard errands" in {one.where for one in log_check.verify().problems}
    with open_node(settings) as node:  # and it stands again
        with pytest.raises(Unavailable, match=r"acts\.guard_down"):
            revoke(Office(settings, node))


@pytest.mark.plugins(ERRANDS)
def test_a_guard_that_works_is_not_removed(office: Office):
    with pytest.raises(Conflict, match=r"house\.guard_works"):
        gate.prepare(office.desk("杨帆"), guarding.remove_guard, name="errands", reason="碍事")
    with pytest.raises(NotFound, match=r"house\.no_guard"):
        gate.prepare(office.desk("杨帆"), guarding.remove_guard, name="nothing", reason="碍事")


@pytest.mark.plugins(ERRANDS)
def test_each_guard_is_noted_once_by_an_act_of_the_node(office: Office):
    with connection():
        noted = Act.select().where(Act.verb == "house.install_guard")
        names = [bytes(row.bytes).decode().count('"name":"errands"') for row in noted]
        assert sum(names) == 1 and {row.signature_kind for row in noted} == {"node"}
    guarding.note_installed()
    with connection():
        assert Act.select().where(Act.verb == "house.install_guard").count() == len(names)
