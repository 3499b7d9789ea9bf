"""Each page has a help topic of its own, in both languages, and its help link leads there."""

from __future__ import annotations

import io
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from kernel.acts.house.switches import switch_plugin
from kernel.plugins.bus import Bus, bus
from kernel.portal.i18n import extract_messages
from kernel.portal.topics import OWN, PARTS, Topic, Topics, read_topic
from kernel.settings import ROOT
from kernel.testing_office import Browser, Office
from tests.matrix.screens import FILES

PAGES = tomllib.loads((ROOT / "tests/kernel/register.toml").read_text("utf-8"))["pages"]
SCREENS = {page for page, (methods, *_) in PAGES.items() if "GET" in methods.split()} - set(FILES)
ITSELF = {"/help", "/help/{topic}"}
PEOPLE = ("孙倩", "林晓梅", "杨帆", "何静", "高峰", "周海涛")


def shipped() -> list[Topic]:
    """The topics of the kernel and of all plugins that come with it."""
    found = [read_topic(file) for file in OWN.glob("*.toml")]
    for folder in sorted((ROOT / "plugins").glob("*/help")):
        found += [read_topic(file, folder.parent.name) for file in folder.glob("*.toml")]
    return found


def without(topics: Iterable[Topic], screens: set[str] = SCREENS) -> set[str]:
    """The screens that no topic names."""
    return screens - {page for topic in topics for page in topic.pages} - ITSELF


def test_every_page_has_a_topic_and_every_topic_its_pages():
    topics = shipped()
    assert without(topics) == set()
    named = [page for topic in topics for page in topic.pages]
    assert sorted(named) == sorted(set(named)), "two topics for one page"
    assert set(named) <= SCREENS, "a topic for a page that there is not"


def test_a_page_without_a_topic_is_noticed():
    less = [topic for topic in shipped() if topic.name != "documents.edit"]
    assert without(less) == {"/documents/out/{uid}/edit"}


@pytest.mark.parametrize("topic", shipped(), ids=lambda topic: topic.name)
def test_it_is_short_and_in_plain_words_of_both_languages(topic: Topic):
    chinese, english = (topic.texts[one].values() for one in ("zh", "en"))
    assert 80 <= sum(map(len, chinese)) <= 230
    assert not re.search("[！!]|亲|哦", "".join(chinese))
    strange = re.sub("文件|请示|函|一、|（一）", "", " ".join([*english, topic.title["en"]]))
    assert not re.search("[\u3000-\u9fff！，。]", strange), strange


NO_WORDS_OF_OURS = {
    "Allow", "允许",  # the browser's
    "log verify",  # a command
    "一、", "（一）", "文件",  # what people write or what stands on a letterhead
    "正在排版",  # with the number of a page
}  # fmt: skip


def labels(language: str) -> set[str]:
    """What pages say, also the parts of a sentence by themselves: of “甲？乙” 甲 and 乙."""
    found: set[str] = set()
    for room in (ROOT / "kernel", *(ROOT / "plugins").glob("*")):
        key = "title_en" if language == "en" else "title"
        for file in (*room.rglob("*.py"), *room.rglob("*.toml")):
            found.update(re.findall(rf'\b{key} ?= ?"([^"]+)"', file.read_text("utf-8")))
        if language == "zh":
            found |= extract_messages([room])
            continue
        po = room / "locale/en/LC_MESSAGES/messages.po"
        for one in read_po(io.BytesIO(po.read_bytes())) if po.exists() else ():
            found.update([one.string] if isinstance(one.string, str) else one.string)
    return found | {part.strip() for one in found for part in re.split("[，。？：、,.?:]", one)}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_it_quotes_stands_on_a_page(language: str):
    """A button that is called otherwise on its page is not found."""
    there = labels(language) | NO_WORDS_OF_OURS
    strange = {
        f"{topic.name}: {quoted}"
        for topic in shipped()
        for text in topic.texts[language].values()
        for quoted in re.findall("“([^”]+)”", text)
        if quoted not in there
    }
    assert strange == set()


def whole() -> dict[str, object]:
    said = dict.fromkeys(PARTS, "x")
    return {"title": "甲", "title_en": "A", "pages": ["/"], "zh": said, "en": dict(said)}


def written(file: Path, data: Mapping[str, object]) -> Path:
    plain = [f"{key} = {value!r}" for key, value in data.items() if not isinstance(value, dict)]
    for key, value in data.items():
        if isinstance(value, dict):
            plain += [f"[{key}]", *(f"{part} = {text!r}" for part, text in value.items())]
    file.write_text("\n".join(plain), "utf-8")
    return file


@pytest.mark.parametrize(
    ("spoilt", "named"),
    [
        ({"title_en": ""}, "title_en"),
        ({"en": {}}, "en"),
        ({"en": {**dict.fromkeys(PARTS, "x"), "wrong": " "}}, r"\[en\] wrong"),
        ({"zh": {**dict.fromkeys(PARTS, "x"), "more": "x"}}, r"\[zh\] more"),
        ({"pages": ["out"]}, "pages: 'out'"),
        ({"page": "/"}, "page"),
    ],
)
def test_a_topic_that_is_not_whole_says_what_is_missing(
    tmp_path: Path, spoilt: dict[str, object], named: str
):
    assert read_topic(written(tmp_path / "a.toml", whole()), "notes").pages == ("/notes/",)
    with pytest.raises(ValueError, match=named):
        read_topic(written(tmp_path / "a.toml", {**whole(), **spoilt}))


def at(office: Office, name: str) -> Browser:
    browser = office.browser()
    browser.login(name)
    return browser


def link(page: str) -> str:
    """Where the link at the foot of a page leads."""
    found = re.search(r'class="foot">.*?<a href="(/help[^"]*)"', page, re.S)
    return found[1] if found else ""


def test_the_link_of_a_page_leads_to_its_topic(office: Office):
    people = [at(office, name) for name in PEOPLE]
    seen = set()
    for topic in shipped():
        for path in topic.pages:
            if "{" in path or path in ("/logout", "/acts/confirm", "/acts/batch", "/feedback"):
                continue
            answers = (one.get(path, headers={"sec-fetch-site": "same-origin"}) for one in people)
            page = next(answer for answer in answers if answer.status_code == 200).text
            assert link(page) == f"/help/{topic.name}", path
            help_page = people[0].get(f"/help/{topic.name}").text
            assert topic.texts["zh"]["first"][:12] in help_page
            seen.add(path)
    assert len(seen) > 25


def test_what_one_page_shows_in_two_ways_has_two_topics(office: Office):
    assert link(at(office, "周海涛").get("/").text) == "/help/home-leader"
    assert link(at(office, "孙倩").get("/").text) == "/help/home"
    assert link(at(office, "林晓梅").get("/admin/keys").text) == "/help/refused"


def test_one_that_is_filled_in_wrongly_keeps_its_topic(office: Office):
    page = at(office, "孙倩").post("/announcements/new", data={"title": ""})
    assert (page.status_code, link(page.text)) == (422, "/help/announcements.new")


def test_the_topics_of_a_plugin_go_with_it(office: Office):
    browser = at(office, "孙倩")
    assert "/help/announcements.list" in browser.get("/help").text
    assert browser.get("/help/announcements.list").status_code == 200
    off = {"organ": "620700-CPCO", "plugin": "announcements", "on": False}
    office.act(office.desk("孙倩"), switch_plugin, None, **off)
    assert "/help/announcements" not in browser.get("/help").text
    assert browser.get("/help/announcements.list").status_code == 404
    assert at(office, "刘志强").get("/help/announcements.list").status_code == 200


def test_the_list_has_only_what_the_desk_may_open(office: Office):
    clerk, auditor = (at(office, name).get("/help").text for name in ("林晓梅", "高峰"))
    assert '/help/log"' in auditor and '/help/log"' not in clerk
    assert "/help/documents.edit" in clerk


def test_at_the_door_there_is_help_for_the_door_only(office: Office):
    stranger = office.browser()
    page = stranger.get("/help/login").text
    assert "用安全认证插件登录" in page and "全部帮助" not in page
    assert "/login" in str(stranger.get("/help/inbox").url)
    assert "/login" in str(stranger.get("/help/nothing").url)


def test_english(office: Office):
    browser = at(office, "孙倩")
    browser.post("/me/display", data={"language": "en", "next": "/"})
    page = browser.get("/help/inbox").text
    assert "Incoming documents" in page and "What to do first" in page


@pytest.fixture
def lenient() -> Iterator[Bus]:
    """A bus that isolates what plugins raise, as on a node; none of the tests' own."""
    one = Bus()
    bus.fill(one)
    yield one
    bus.clear()


WELL = """
title = "说明"
title_en = "Help"
pages = ['/notes', "/more"]
[zh]
what = "一"
first = "二"
wrong = "三"
ask = "四"
[en]
what = "1"
first = "2"
wrong = "3"
ask = "4"
"""


def test_a_file_that_cannot_be_opened_takes_no_page_away(tmp_path: Path, lenient: Bus):
    folder = tmp_path / "help"
    folder.mkdir()
    (folder / "a.toml").write_text(WELL, "utf-8")
    (folder / "b.toml").symlink_to("/nowhere")
    (folder / "c.toml").mkdir()
    topics = Topics({"notes": tmp_path}, {"/notes/notes": "public"})
    for page in ("/notes/notes", "/notes/more"):
        found = topics.of_page(page, {"notes"})
        assert found is not None and found.name == "notes.a"
    assert topics.of_page("/login", set()) is not None
    assert [one.plugin for one in lenient.faults] == ["notes", "notes"]


def test_a_wrong_file_is_one_fault_however_many_pages_it_names(tmp_path: Path, lenient: Bus):
    folder = tmp_path / "help"
    folder.mkdir()
    (folder / "a.toml").write_text(WELL.replace('title_en = "Help"', ""), "utf-8")
    topics = Topics({"notes": tmp_path}, {})
    assert [topics.of_page(f"/notes/{page}", {"notes"}) for page in ("notes", "more")] == [None] * 2
    assert all(topic.plugin != "notes" for topic in topics.all)
    assert len(lenient.faults) == 1
