"""The two READMEs tell the same, and what they tell is there. The changelog keeps its form."""

import importlib
import json
import pkgutil
import re

import pytest

import kernel.cli
from kernel import __version__, hooks
from kernel.reference import ZHANGYE, read
from kernel.settings import ROOT

ENGLISH = (ROOT / "README.md").read_text("utf-8")
CHINESE = (ROOT / "README.zh-CN.md").read_text("utf-8")
CHANGES = (ROOT / "CHANGELOG.md").read_text("utf-8")
BOTH = pytest.mark.parametrize("text", [ENGLISH, CHINESE], ids=["en", "zh"])


def commands() -> list[str]:
    """The commands of the kernel and of the plugins in the checkout."""
    modules = [one.name for one in pkgutil.iter_modules(kernel.cli.__path__)]
    own = [
        name
        for name in modules
        if hasattr(importlib.import_module(f"kernel.cli.{name}"), "command")
    ]
    return [*own, "document"]


@BOTH
def test_the_two_commands_come_first(text: str):
    code = re.findall(r"^```\n(.*?)^```", text, re.M | re.S)
    assert code[0] == "python3 manage.py demo\npython3 manage.py test\n"


@BOTH
def test_every_command_is_named(text: str):
    table = re.search(r"\| `python3 manage.py …` \|.*?\n\n", text, re.S)
    assert table is not None
    named = set(re.findall(r"[a-z]+", " ".join(re.findall(r"`([^`]+)`", table[0]))))
    assert [name for name in commands() if name not in named] == []


def test_both_have_the_same_parts():
    def parts(text: str) -> dict[str, object]:
        return {
            "sections": len(re.findall(r"^## ", text, re.M)),
            "pictures": re.findall(r"\]\((docs/pictures/[^)]+)\)", text),
            "commands": re.findall(r"^\| `([^|]*?)`", text.replace("、", ", "), re.M),
            "people": [
                name
                for row in re.findall(r"^\| ([\u4e00-\u9fff、, ]+) \|", text, re.M)
                for name in re.findall(r"[\u4e00-\u9fff]{2,3}", row)
            ],
            "code": re.findall(r"<!-- three commands -->\n(.*?)<!--", text, re.S),
            "missing": len(re.findall(r"^- ", text, re.M)),
        }

    english, chinese = parts(ENGLISH), parts(CHINESE)
    chinese["people"] = [name for name in chinese["people"] if name in english["people"]]
    assert english == chinese


@BOTH
def test_the_pictures_are_there(text: str):
    pictures = re.findall(r"\]\((docs/pictures/[^)]+)\)", text)
    assert pictures
    assert [one for one in pictures if not (ROOT / one).is_file()] == []


@BOTH
def test_links_lead_somewhere(text: str):
    links = [one for one in re.findall(r"\]\(([^)#]+)", text) if "://" not in one]
    assert [one for one in links if not (ROOT / one).exists()] == []


@BOTH
def test_the_numbers_are_those_of_the_data(text: str):
    known = read()
    boxes = [unit for unit in known.units if unit.get("exchange_box")]
    first = [unit for unit in boxes if unit["rollout_phase"] == 1]
    notice = json.loads((ZHANGYE / "notice.json").read_text("utf-8"))
    groups = {name: one for one in known.groups for name in (one["name"], *one.get("aliases", ()))}

    def members(name: str) -> set[str]:
        found = set(groups[name].get("members", ()))
        return found.union(*(members(inner) for inner in groups[name].get("includes", ())))

    addressed = set().union(*map(members, notice["main"])) - {"620700-CPCO"}
    for number in (len(known.units), len(boxes), len(first), len(addressed), len(boxes) - 1):
        assert re.search(rf"\b{number}\b", text), number


@BOTH
def test_the_people_to_start_with_exist(text: str):
    known = {one["name"] for one in read().people}
    named = [row.split("|")[1] for row in text.splitlines() if row.startswith("| ")]
    people = {
        name
        for cell in named
        for name in re.findall(r"[\u4e00-\u9fff]+", cell)
        if 2 <= len(name) <= 3 and name not in ("人员", "级别")
    }
    assert len(people) == 12
    assert people <= known


def test_the_changelog_has_this_version_and_a_part_for_plugin_authors():
    versions = re.split(r"^## ", CHANGES, flags=re.M)[1:]
    assert versions[0].startswith("[Unreleased]")
    assert versions[1].startswith(f"[{__version__}] - ")
    assert all("### For plugin authors" in one for one in versions)


def test_the_changelog_names_the_hooks_of_the_first_generation():
    assert [name for name in hooks.FACTS if f"`{name}`" not in CHANGES] == []
