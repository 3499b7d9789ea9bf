"""Sentences and icons that are put in when a template is compiled: the page is the same as ever."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import DictLoader
from markupsafe import Markup

from kernel.portal.compiled import Compiled
from kernel.portal.constants import PageEnvironment, shown

ENGLISH = {
    "你好": "Hello <b>",
    "共 %(n)s 件": "%(n)s in all",
    "%(n)s 件，%(n)s 件": "%(n)s of %(n)s",
    "用去 %(n)s%%": "%(n)s%% used",
    "%(name)s 于 %(time)s": "%(time)s by %(name)s",
}


def icon(name: str, *, small: bool = False) -> Markup:
    if name != "bell":
        raise KeyError(name)
    return Markup("<svg>%s</svg>") % small


def environment(text: str, *, put_in: bool, cache: Compiled | None = None, variant: str = ""):
    env = PageEnvironment(
        loader=DictLoader({"a": text}), autoescape=True, extensions=["jinja2.ext.i18n"],
        bytecode_cache=cache,
    )  # fmt: skip

    def say(sentence: str) -> str:
        return ENGLISH.get(sentence, sentence)

    env.install_gettext_callables(say, lambda one, many, n: many, newstyle=True)
    env.globals["icon"] = icon
    if put_in:
        env.say, env.icon, env.variant = say, icon, variant
    return env


TEXTS = [
    "{{ _('你好') }}",
    "{{ _('你好') ~ x }}|{{ _('你好') | upper }}|{% set a = _('你好') %}{{ a }}",
    "{{ _('共 %(n)s 件', n=x) }}",
    "{{ _('共 %(n)s 件', n=x) | length }}|{{ [x, x] | join(_('共 %(n)s 件', n=x)) }}",
    "{{ _('%(n)s 件，%(n)s 件', n=x) }}|{{ _('%(n)s 件，%(n)s 件', n=x | upper) }}",
    "{{ _('用去 %(n)s%%', n=7) }}|{{ _('50%%') }}",
    "{{ _('%(name)s 于 %(time)s', name=x, time=y.z) }}",
    "{% macro m(a, b=_('你好')) %}{{ a }}{{ b }}{{ caller() if caller }}{% endmacro %}"
    "{{ m(x) }}{% for i in [1, 2] %}{{ m(i, b=loop.index) }}{% endfor %}"
    "{% call m(1) %}{{ _('共 %(n)s 件', n=x) }}{% endcall %}",
    "{{ icon('bell') }}{{ icon('bell', small=True) }}{{ icon(which) }}",
    "{{ x }}|{{ safe }}|{{ 3 }}|{{ n }}|{{ none }}|{{ 1.5 }}|{{ true }}|{{ [x] }}",
]


@pytest.mark.parametrize("text", TEXTS)
def test_the_page_is_the_same(text: str):
    values = {
        "x": "<i>'\"&", "y": {"z": "%(n)s"}, "safe": Markup("<hr>"), "n": 4, "which": "bell",
    }  # fmt: skip
    pages = [
        environment(text, put_in=put_in).get_template("a").render(values)
        for put_in in (False, True)
    ]
    assert pages[0] == pages[1]


def test_sentences_and_icons_cost_nothing_when_a_page_is_drawn():
    """The sentence stands in the compiled template, and nobody is asked for it any more."""
    env = environment("{{ _('你好') }}{{ icon('bell') }}", put_in=True)
    template = env.get_template("a")
    env.globals.clear()
    assert template.render() == "Hello <b><svg>False</svg>"


def test_a_defect_is_told_where_it_is_drawn_and_not_before():
    env = environment(
        "{% if bad %}{{ icon('no') }}{{ _('共 %(n)s 件', m=1) }}{% endif %}", put_in=True
    )
    assert env.get_template("a").render(bad=False) == ""
    with pytest.raises(KeyError):
        env.get_template("a").render(bad=True)


def test_each_language_is_kept_by_itself(tmp_path: Path):
    cache = Compiled()
    cache.keep_in(tmp_path)
    drawn = [
        environment("{{ _('你好') }}", put_in=put_in, cache=cache, variant=variant)
        .get_template("a").render()
        for put_in, variant in ((True, "en-1"), (False, ""), (True, "en-1"))
    ]  # fmt: skip
    assert drawn == ["Hello <b>", "Hello <b>", "Hello <b>"]
    (folder,) = tmp_path.iterdir()
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize("value", ["a", "<", "'", Markup("<b>"), 3, 2.5, None, True])
def test_what_is_shown_is_escaped(value: object):
    from markupsafe import escape

    assert str(shown(value)) == str(escape(value))
