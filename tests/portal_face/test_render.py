"""Where templates come from, and what a template may rely on."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from jinja2 import TemplateNotFound, UndefinedError

from kernel.portal.i18n import _l
from kernel.portal.render import Renderer

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


@pytest.fixture
def renderer(tmp_path: Path) -> Renderer:
    themes, plugin = tmp_path / "themes", tmp_path / "meetings"
    write(themes / "county/theme.toml", 'name = "县"\nextends = "zhangye"\nshort = "甘州"\n')
    write(
        themes / "county/templates/meetings/show.html",
        '{% extends "~meetings/show.html" %}{% block body %}county, {{ super() }}{% endblock %}',
    )
    write(
        plugin / "meetings/show.html",
        "{% block head %}head{% endblock %} {% block body %}plugin {{ name }}{% endblock %}",
    )
    write(plugin / "other/show.html", "not mine")
    return Renderer(
        [themes],
        {"meetings": plugin},
        urls=lambda name, **params: f"/{name}/{params['uid']}",
        now=lambda: NOW,
    )


def test_a_theme_overrides_and_extends_the_original(renderer: Renderer):
    context = {"name": "<b>"}
    own = renderer.render("meetings/show.html", context)
    themed = renderer.render("meetings/show.html", context, theme="county")
    assert own == "head plugin &lt;b&gt;"
    assert themed == "head county, plugin &lt;b&gt;"


def test_a_changed_template_is_drawn_as_it_is_now(renderer: Renderer, tmp_path: Path):
    """Also by another renderer of this process, which shares what was compiled."""
    for text in ("before", "after"):
        write(tmp_path / "meetings/meetings/part.html", text)
        other = Renderer([], {"meetings": tmp_path / "meetings"}, urls=lambda name: name)
        assert other.render("meetings/part.html", {}) == text
    assert renderer.render("meetings/part.html", {}) == "after"


def test_one_block_alone_with_the_macros_at_hand(renderer: Renderer, tmp_path: Path):
    write(
        tmp_path / "meetings/meetings/part.html",
        "before {% block rows %}{{ ui.tag('特急') }}{% endblock %} after",
    )
    html = renderer.render("meetings/part.html", {}, block="rows", language="en")
    assert html == '<span class="tag tag--urgent">Urgent</span>'


def test_a_tag_is_put_into_the_language_and_escaped(renderer: Renderer, tmp_path: Path):
    write(tmp_path / "meetings/meetings/tags.html", "{{ ui.tag(text) }}|{{ ui.tag(_('超时')) }}")
    drawn = {
        language: renderer.render("meetings/tags.html", {"text": text}, language=language)
        for language, text in (("zh", "<b>50 %"), ("en", "超时"))
    }
    assert '">&lt;b&gt;50 %</span>|' in drawn["zh"]
    assert drawn["en"].count('">Late</span>') == 2


def test_a_plugin_owns_only_its_own_names(renderer: Renderer):
    with pytest.raises(TemplateNotFound):
        renderer.render("other/show.html", {})
    with pytest.raises(TemplateNotFound):
        renderer.render("meetings/../../secret.html", {})


def test_a_missing_value_is_a_defect_not_an_empty_string(renderer: Renderer):
    with pytest.raises(UndefinedError, match="name"):
        renderer.render("meetings/show.html", {})


def test_an_unknown_icon_is_a_defect(renderer: Renderer, tmp_path: Path):
    write(tmp_path / "meetings/meetings/icon.html", "{{ icon('unicorn') }}")
    with pytest.raises(KeyError, match="unicorn"):
        renderer.render("meetings/icon.html", {})


def test_addresses_and_lazy_sentences_follow_the_page(renderer: Renderer, tmp_path: Path):
    write(
        tmp_path / "meetings/meetings/x.html",
        "{{ url('show', uid='7') }} {{ word }} {{ day | date_cn }} {{ limit | due }}".replace(
            "{{ limit | due }}", "{{ (limit | due).text }}"
        ),
    )
    context = {"word": _l("标题"), "day": NOW, "limit": NOW.replace(day=25)}
    assert renderer.render("meetings/x.html", context) == "/show/7 标题 2026年11月23日 剩 2 天"
    english = renderer.render("meetings/x.html", context, language="en")
    assert english == "/show/7 Title 23 Nov 2026 2 days left"


def test_what_is_remembered_of_a_time_follows_the_moment_and_the_language(tmp_path: Path):
    write(tmp_path / "m/times.html", "{{ at | time_tag }} {{ limit | due_tag }}")
    clock = [NOW]
    renderer = Renderer([], {"m": tmp_path}, urls=lambda name: name, now=lambda: clock[0])
    context = {"at": NOW - timedelta(hours=1), "limit": NOW + timedelta(hours=5)}

    def drawn(hours: float, language: str) -> str:
        clock[0] = NOW + timedelta(hours=hours)
        html = renderer.render("m/times.html", context, language=language)
        return re.sub("<[^>]*>", "", html)

    # The same row again and again, while the day in Asia/Shanghai changes between 13 and 15 hours.
    said = [drawn(hours, "zh") for hours in (0, 0, 4, 5.5, 13, 15, 72, 0)]
    assert said == [
        "今天 09:00 今日 15:00", "今天 09:00 今日 15:00", "今天 09:00 今日 15:00",
        "今天 09:00 超期 30 分钟", "今天 09:00 超期 8 小时", "昨天 09:00 超期 10 小时",
        "11-23 09:00 超期 2 天", "今天 09:00 今日 15:00",
    ]  # fmt: skip
    assert drawn(0, "en") == "today 09:00 today 15:00"
    assert drawn(15, "en") == "yesterday 09:00 10 hours overdue"
    assert drawn(0, "zh") == said[0]


def test_a_theme_speaks_for_its_organ(renderer: Renderer):
    brand = renderer.themes["county"].brand("甘州区人民政府办公室", "甘州区政府办")
    assert (brand.unit, brand.short, brand.mark_lines) == (
        "甘州区人民政府办公室",
        "甘州",
        ("甘州",),
    )
