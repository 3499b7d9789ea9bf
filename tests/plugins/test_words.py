"""Every sentence of every plugin has its English, with the same places to fill."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kernel.portal.i18n import KERNEL_LOCALE, extract_messages, read_catalogue
from kernel.settings import ROOT

PLUGINS = sorted(file.parent for file in (ROOT / "plugins").glob("*/plugin.toml"))
CHINESE = re.compile("[\u4e00-\u9fff]")
PLACE = re.compile(r"%\(\w+\)s")


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda folder: folder.name)
def test_the_english_is_complete(plugin: Path):
    house = read_catalogue(KERNEL_LOCALE / "en" / "LC_MESSAGES" / "messages.po")
    file = plugin / "locale" / "en" / "LC_MESSAGES" / "messages.po"
    if file.is_file():
        house.add_fallback(read_catalogue(file))
    said = {text: house.gettext(text) for text in extract_messages([plugin])}
    same = [text for text, english in said.items() if CHINESE.search(text) and english == text]
    assert same == []
    places = [
        text
        for text, english in said.items()
        if set(PLACE.findall(text)) != set(PLACE.findall(english))
    ]
    assert places == []
