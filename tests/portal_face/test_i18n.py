"""Every sentence has its English; a plugin brings its own catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from kernel.portal import i18n
from kernel.portal.i18n import Lazy, _l, extract_messages, gettext, speaking, use_folders

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = ["kernel", *sorted(f"plugins/{p.parent.name}" for p in ROOT.glob("plugins/*/plugin.toml"))]


@pytest.fixture(autouse=True)
def folders() -> Iterator[None]:
    before = dict(i18n._folders)
    yield
    use_folders({name: path for name, path in before.items() if name != "kernel"})


def catalogue(room: str) -> Catalog:
    file = ROOT / room / "locale/en/LC_MESSAGES/messages.po"
    if not file.exists():
        return Catalog("en")
    with file.open("rb") as source:
        return read_po(source)


@pytest.mark.parametrize("room", ROOMS)
def test_every_sentence_has_its_english(room: str):
    wanted = extract_messages([ROOT / room])
    done: set[str] = set()
    for name in {"kernel", room}:
        for message in catalogue(name):
            texts = [message.string] if isinstance(message.string, str) else message.string
            if all(texts):
                done.update([message.id] if isinstance(message.id, str) else message.id)
    assert sorted(wanted - done) == []


@pytest.mark.parametrize("room", ROOMS)
def test_a_translation_fills_in_the_same_values(room: str):
    names = re.compile(r"%\((\w+)\)s")
    for message in catalogue(room):
        if not message.id:
            continue
        ids = [message.id] if isinstance(message.id, str) else message.id
        texts = [message.string] if isinstance(message.string, str) else message.string
        for text in texts:
            assert set(names.findall(text)) == set(names.findall(ids[0])), message.id
            assert not re.search("[。，；：]", text), message.id


def test_a_lazy_sentence_speaks_the_language_of_its_reader():
    sentence = _l("%(label)s不能为空。", label=_l("标题"))
    assert str(sentence) == "标题不能为空。"
    with speaking("en-GB"):
        assert str(sentence) == "Title must not be empty."
    assert sentence == "标题不能为空。"
    assert hash(Lazy("a")) == hash(Lazy("a"))


def test_a_plugin_adds_words_and_cannot_change_those_of_the_kernel(tmp_path: Path):
    file = tmp_path / "en/LC_MESSAGES/messages.po"
    file.parent.mkdir(parents=True)
    file.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgid "座次"\nmsgstr "Seats"\n\nmsgid "标题"\nmsgstr "Hijacked"\n',
        "utf-8",
    )
    use_folders({"meetings": tmp_path})
    with speaking("en"):
        assert (gettext("座次"), gettext("标题"), gettext("无")) == ("Seats", "Title", "无")
    assert gettext("座次") == "座次"


def test_extraction_finds_templates_and_code(tmp_path: Path):
    (tmp_path / "a.html").write_text(
        "{{ _('甲') }}{% for x in y %}{{ ngettext('乙', '丙', 2) }}{% endfor %}"
    )
    (tmp_path / "b.py").write_text('x = _l("丁", n=1)\ny = _("戊")\nz = "己"\n')
    assert extract_messages([tmp_path]) == {"甲", "乙", "丙", "丁", "戊"}


def test_the_language_of_a_page():
    assert i18n.choose(None, None, "zh") == "zh"
    assert i18n.choose("", "en", "zh") == "en"
    assert i18n.choose("zh", "en", "en") == "zh"
    assert i18n.choose("xx", None, "en") == "zh"
