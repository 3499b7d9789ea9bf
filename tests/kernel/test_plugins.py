"""Finding, ordering, loading and switching plugins; and what becomes of a faulty one."""

from pathlib import Path
from types import ModuleType

import pytest

from kernel.acts.gate import prepare
from kernel.acts.house import confirm, rollout
from kernel.acts.house.switches import switch_plugin
from kernel.api import hookimpl
from kernel.errors import Conflict, Refused, Unavailable
from kernel.node import open_node
from kernel.plugins import discovery
from kernel.plugins.bus import FAULTS, KEPT, Bus, bus
from kernel.plugins.loading import load_all
from kernel.plugins.switches import Switchboard, switchboard
from kernel.storage.database import connection
from kernel.testing_office import Office

CPCO, TOWNSHIP = "620700-CPCO", "620702101"
ON = '\n[rollout]\ndefault = "on"'


def write(folder: Path, name: str, more: str = "", code: str = "", head: str = "") -> Path:
    """A plugin of these few lines."""
    place = folder / name
    place.mkdir(parents=True)
    head = head or f'[plugin]\nname = "{name}"\ntitle = "{name}"'
    (place / "plugin.toml").write_text(f"{head}\n{more}", "utf-8")
    (place / "__init__.py").write_text(f'"""A plugin of a test."""\n{code}', "utf-8")
    return place


def load(folder: Path, *, demo: bool = False) -> Switchboard:
    bus.fill(Bus())
    return load_all([folder], demo=demo)


def names(board: Switchboard) -> list[str]:
    return [one.name for one in board.known() if board.healthy(one.name)]


def test_a_plugin_stands_after_what_it_needs_whatever_its_name(tmp_path: Path):
    write(tmp_path, "alpha", '[needs]\nplugins = ["beta"]')
    write(tmp_path, "beta", '[needs]\nafter = ["gamma"]')
    write(tmp_path, "gamma")
    assert names(load(tmp_path)) == ["gamma", "beta", "alpha"]


@pytest.mark.parametrize(
    ("head", "more", "said"),
    [
        ('[plugin]\nname = "other"\ntitle = "t"', "", "not the name of its folder"),
        ('[plugin]\nname = "faulty"', "", "title is missing"),
        ('[plugin]\nname = "faulty"\ntitle = "t"\napi = 99', "", "generation 99"),
        ('[plugin]\nname = "faulty"\ntitle = "t"\ntilte_en = "t"', "", "'tilte_en'"),
        ("", "[rollout]\nphase = 4", "phase is not"),
        ("", "[wishes]\n", "unknown section [wishes]"),
        ("[plugin", "", "plugin.toml"),
        ('[plugin]\nname = "faulty"\ntitle = ' + "[" * 3000, "", "plugin.toml"),
        ("", "[rollout]\nphase = 'x'", "'phase' in [rollout] is not of the kind int"),
        ("", "[rollout]\nrequired = 'false'", "'required' in [rollout]"),
        ("", "[guards]\nverbs = 'documents.*'", "'verbs' in [guards] is not of the kind list"),
        ("", "[needs]\nplugins = [5]", "'plugins' in [needs]"),
        ('ui = 5\n[plugin]\nname = "faulty"\ntitle = "t"', "", "[ui] is no section"),
    ],
)
def test_a_faulty_manifest_is_named_and_left_out(tmp_path: Path, head: str, more: str, said: str):
    write(tmp_path, "faulty", more, head=head)
    write(tmp_path, "good")
    board = load(tmp_path)
    assert names(board) == ["good"]
    assert said in board.faults["faulty"]


def test_who_needs_a_missing_or_faulty_one_is_left_out_with_the_reason(tmp_path: Path):
    write(tmp_path, "broken", code="raise RuntimeError('boom')")
    write(tmp_path, "leaning", '[needs]\nplugins = ["broken"]')
    write(tmp_path, "lonely", '[needs]\nplugins = ["nobody"]')
    board = load(tmp_path)
    assert names(board) == []
    assert "boom" in board.faults["broken"]
    assert "broken" in board.faults["leaning"] and "nobody" in board.faults["lonely"]


def test_a_circle_is_named(tmp_path: Path):
    write(tmp_path, "one", '[needs]\nplugins = ["two"]')
    write(tmp_path, "two", '[needs]\nplugins = ["one"]')
    assert "one, two" in load(tmp_path).faults["one"]


def test_the_same_name_twice_is_a_fault(tmp_path: Path):
    write(tmp_path / "a", "twin")
    write(tmp_path / "b", "twin")
    bus.fill(Bus())
    board = load_all([tmp_path / "a", tmp_path / "b"], demo=False)
    assert names(board) == [] and "found in" in board.faults["twin"]


def test_a_hook_that_does_not_exist_is_a_fault(tmp_path: Path):
    code = "from kernel.api import hookimpl\n@hookimpl\ndef menu_item(desk): return []\n"
    write(tmp_path, "typo", code=code)
    assert "menu_item" in load(tmp_path).faults["typo"]


def test_order_comes_from_the_manifest_only(tmp_path: Path):
    code = "from kernel.api import hookimpl\n@hookimpl(tryfirst=True)\n"
    write(tmp_path, "pushy", code=code + "def menu_items(desk): return []\n")
    assert "order comes from the manifest" in load(tmp_path).faults["pushy"]


def test_a_demo_plugin_is_not_taken_in_elsewhere(tmp_path: Path):
    write(tmp_path, "softly", "[rollout]\ndemo_only = true")
    assert names(load(tmp_path, demo=False)) == []
    assert names(load(tmp_path, demo=True)) == ["softly"]


def test_a_plugin_is_imported_from_where_it_was_found(tmp_path: Path):
    for place in ("first", "second"):
        write(tmp_path / place, "moving", code=f"WHERE = {place!r}")
        (one,) = discovery.find([tmp_path / place])
        assert discovery.load(one).WHERE == place


def test_an_installed_package_is_found_by_its_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    place = write(tmp_path, "installed")
    facts = tmp_path / "zhangye_installed-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: zhangye-installed\nVersion: 1.0\n"
    )
    (facts / "entry_points.txt").write_text("[juyan.plugins]\ninstalled = installed\n")
    monkeypatch.syspath_prepend(tmp_path)
    discovery._installed.cache_clear()
    try:
        assert [one.folder for one in discovery.find([])] == [place]
    finally:
        discovery._installed.cache_clear()


def drop(office: Office, name: str, more: str = "", code: str = "") -> None:
    write(office.settings.instance / "plugins", name, more, code)


def test_needs_are_switched_on_together_and_off_together(office: Office):
    drop(office, "ground")
    drop(office, "tower", '[needs]\nplugins = ["ground"]')
    with open_node(office.settings):
        admin = office.desk("孙倩")

        def switch(name: str, on: bool) -> list[str]:
            arguments = {"organ": CPCO, "plugin": name, "on": on}
            moved: list[str] = office.act(admin, switch_plugin, **arguments).result
            return moved

        def works() -> set[str]:
            """What works for the organ, asked for all plugins and for one after the other."""
            board = switchboard()
            with connection():
                every = board.effective(CPCO)
                names = {*(one.name for one in board.known()), "absent"}
                assert every == {name for name in names if board.works(name, CPCO)}
            return set(every)

        assert switch("tower", True) == ["ground", "tower"]
        assert {"ground", "tower"} <= works()
        assert switch("ground", False) == ["tower", "ground"]
        assert not {"ground", "tower"} & works()
        switchboard().isolate("ground", "boom")
        assert switch("tower", True) and "tower" not in works()


def test_why_says_what_to_do(office: Office):
    drop(office, "later", '[rollout]\nphase = 2\ndefault = "on"')
    drop(office, "resting")
    drop(office, "broken", code="raise RuntimeError('boom')")
    with open_node(office.settings), connection():
        board = switchboard()
        said = {name: board.why(name, CPCO) for name in ("later", "resting", "broken", "absent")}
        said["secrecy"] = board.why("secrecy", CPCO)
    assert {name: one.code for name, one in said.items()} == {
        "later": "phase",
        "resting": "off",
        "broken": "faulty",
        "absent": "absent",
        "secrecy": "required",
    }
    assert "第2阶段" in said["later"].zh and "boom" in said["broken"].detail
    assert [one.on for one in said.values()] == [False, False, False, False, True]


def test_a_phase_comes_and_its_plugins_with_it(office: Office):
    drop(office, "later", '[rollout]\nphase = 3\ndefault = "on"')
    with open_node(office.settings):
        with connection():
            assert "later" not in switchboard().effective(CPCO)
        admin = office.desk("孙倩")
        with pytest.raises(Conflict, match=r"plugins\.phase"):
            prepare(admin, switch_plugin, organ=CPCO, plugin="later", on=True)
        proposal = office.act(office.desk("杨帆"), rollout.advance, phase=3).result
        office.act(office.desk("何静"), confirm.confirm, proposal)
        with connection():
            assert "later" in switchboard().effective(CPCO)
            assert "later" in switchboard().effective(TOWNSHIP)


def test_a_required_plugin_stays_on(office: Office):
    with pytest.raises(Conflict, match=r"plugins\.required"):
        prepare(office.desk("孙倩"), switch_plugin, organ=CPCO, plugin="secrecy", on=False)


def test_nobody_switches_for_another_organ(office: Office):
    drop(office, "resting")
    with open_node(office.settings), pytest.raises(Refused, match=r"house\.other_organ"):
        admin = office.desk("孙倩")
        prepare(admin, switch_plugin, organ="620700-GFIN", plugin="resting", on=True)


RAISING = """from kernel.api import hookimpl
@hookimpl
def home_panels(desk):
    raise RuntimeError("no card today")
"""


def test_one_that_raises_is_left_out_and_at_last_quarantined(office: Office):
    drop(office, "shaky", ON, RAISING)
    with open_node(office.settings) as node:
        office.node = node
        office.__dict__.pop("_app", None)
        bus().strict = False
        browser = office.browser()
        assert "林晓梅" in browser.login("林晓梅").text
        for _ in range(FAULTS - 1):
            page = browser.get("/")
            assert page.status_code == 200 and "的卡片暂时不能显示" in page.text
        assert "出现故障，已暂停使用" in browser.get("/").text
        assert "no card today" in bus().quarantined["shaky"]
        assert not switchboard().healthy("shaky")
        with connection():
            assert switchboard().why("shaky", CPCO).code == "faulty"


def test_a_broken_required_plugin_stops_the_start(office: Office):
    drop(office, "pillar", "[rollout]\nrequired = true", "raise RuntimeError('cracked')")
    with pytest.raises(Unavailable, match="cracked"), open_node(office.settings):
        raise AssertionError("it opened")


FOREIGN = """from kernel.api import Level, hookimpl
@hookimpl
def register_levels():
    return [Level("documents.sign", "x", "x", ("drafter",))]
"""


def test_names_that_are_not_its_own_are_a_fault(office: Office):
    drop(office, "greedy", ON, FOREIGN)
    with open_node(office.settings):
        assert "documents.sign is not named after" in switchboard().faults["greedy"]


def test_who_is_asked_is_remembered_only_until_another_plugin_comes_or_one_is_out():
    def plugin(name: str) -> ModuleType:
        module = ModuleType(name)

        @hookimpl
        def scan(texts: object, of: object) -> None:
            """Nothing to say."""

        module.scan = scan  # type: ignore[attr-defined]  # a plugin made on the spot
        return module

    def asked(among: frozenset[str] | None = None) -> list[str]:
        return [impl.plugin_name for impl in there.answering("scan", among)]

    there, both = Bus(), frozenset({"alpha", "gamma"})
    there.register("alpha", plugin("alpha"))
    assert asked() == asked() == ["alpha"] and asked(both) == asked(both) == ["alpha"]
    there.register("beta", plugin("beta"))
    there.register("gamma", plugin("gamma"))
    assert asked() == ["alpha", "beta", "gamma"] and asked(both) == ["alpha", "gamma"]
    assert asked(["beta"]) == asked({"beta"}) == ["beta"] and asked(frozenset()) == []
    there.quarantined["gamma"] = "it hung"
    assert asked() == ["alpha", "beta"] and asked(both) == ["alpha"]
    del there.quarantined["gamma"]
    there.drop("alpha")
    assert asked() == ["beta", "gamma"] and asked(both) == ["gamma"]
    for number in range(2 * KEPT):
        assert asked(frozenset({f"p{number}", "beta"})) == ["beta"]
    assert len(there._asked) <= KEPT
