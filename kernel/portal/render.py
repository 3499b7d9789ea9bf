"""Templates to pages.

A name is looked for in the theme, in what the theme extends, in the plugin that owns it
(``<plugin>/x.html``) and in the kernel; ``~name`` skips the themes, so that a theme may extend
the template that it overrides.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cached_property, lru_cache, partial
from gettext import NullTranslations
from pathlib import Path
from time import monotonic
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateNotFound
from jinja2.runtime import Macro
from markupsafe import Markup

from kernel.errors import Invalid
from kernel.portal import words
from kernel.portal.assets import FRESH, Assets
from kernel.portal.compiled import compiled
from kernel.portal.constants import PageEnvironment
from kernel.portal.form_tokens import FormTokens
from kernel.portal.i18n import edition, gettext, ngettext, normal, speaking, translations
from kernel.portal.icons import SPRITE, icon_markup, icon_names
from kernel.portal.ink import picture
from kernel.portal.theme import BUILT_IN, ROOT_THEME, chain, load_themes

TEMPLATES = Path(__file__).resolve().parent / "templates"


_MOMENT: ContextVar[datetime | None] = ContextVar("moment", default=None)
KEPT = 512
"""How many pieces of pages an environment remembers, of some 2 KB each."""
TIMES = 4096
"""How many times and limits of rows, of some 0.4 KB: whoever opens a list again sees the same."""


def drawn(macro: Macro, *given: Hashable) -> str:
    """What a macro draws. It depends on what it is given and on nothing else, so that it may be
    remembered by that: whoever has another menu is given another one.
    """
    return macro(*given)


class ChainLoader(BaseLoader):
    """Finds a template along theme, parents, owning plugin and kernel."""

    def __init__(self, themes: Sequence[Path], plugins: Mapping[str, Path]) -> None:
        self._themes = list(themes)
        self._plugins = plugins

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        """The text, the file and whether it is still the same; called by Jinja."""
        name = template.removeprefix("~")
        if ".." in name.split("/"):
            raise TemplateNotFound(template)
        for folder in self._folders(name, original=template.startswith("~")):
            file = folder / name
            if file.is_file():
                changed = file.stat().st_mtime
                return file.read_text("utf-8"), str(file), _Same(file, changed).still
        raise TemplateNotFound(template)

    def _folders(self, name: str, *, original: bool) -> list[Path]:
        owner = self._plugins.get(name.partition("/")[0])
        below = [owner, TEMPLATES] if owner else [TEMPLATES]
        return below if original else [*self._themes, *below]


class _Same:
    """Whether a file is the same as it was; looked at again after :data:`FRESH` seconds, because
    a page asks some ten times."""

    def __init__(self, file: Path, changed: float) -> None:
        self._file, self._changed, self._seen = file, changed, monotonic()

    def still(self) -> bool:
        moment = monotonic()
        if moment - self._seen < FRESH:
            return True
        self._seen = moment
        return self._file.is_file() and self._file.stat().st_mtime == self._changed


class Renderer:
    """Draws pages: one cached Jinja environment for each theme and language.

    :param themes: folders that hold themes; a later one wins.
    :param plugins: the ``templates`` folder of each plugin, by plugin name.
    :param urls: ``url(name, **params)`` for the templates: the address of a named route.
    :param statics: the ``static`` folder of each plugin that has one, by plugin name.
    :param own: the folder of the node's own themes, which bring no templates.
    :param now: the clock behind 今天, 超期 and the like.
    """

    def __init__(
        self,
        themes: Sequence[Path],
        plugins: Mapping[str, Path],
        *,
        urls: Callable[..., str],
        statics: Mapping[str, Path] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        own: Path | None = None,
    ) -> None:
        self.theme_faults: dict[str, Invalid] = {}
        """Why themes were left out, by their ids."""
        self.themes = load_themes([BUILT_IN, *themes], self.theme_faults, own=own)
        self.assets = Assets(self.themes, statics or {})
        self._plugins = dict(plugins)
        self._urls = urls
        self._now = now
        self._environments: dict[tuple[str, str], tuple[NullTranslations, PageEnvironment]] = {}
        self._lock = threading.Lock()

    def render(
        self,
        template: str,
        context: Mapping[str, Any],
        *,
        language: str = "zh",
        theme: str = "default",
        block: str | None = None,
    ) -> str:
        """The finished page, or only one *block* of it (the answer to an htmx request).

        :raises jinja2.UndefinedError: the context lacks what the template reads: a defect.
        """
        found = self.environment(theme, language).get_template(template)
        token = _MOMENT.set(self._now())
        try:
            with speaking(language):
                if block is None:
                    return found.render(context)
                return "".join(found.blocks[block](found.new_context(dict(context))))
        finally:
            _MOMENT.reset(token)

    def _moment(self) -> datetime:
        """The moment of the page: all its times are told from the same one."""
        return _MOMENT.get() or self._now()

    def environment(self, theme: str, language: str = "zh") -> PageEnvironment:
        """The environment of that theme and language; ``default`` stands in for an unknown theme,
        and another catalogue makes another environment."""
        at = (theme if theme in self.themes else ROOT_THEME, normal(language))
        said = translations(language)
        known = self._environments.get(at)
        if known is not None and known[0] is said:
            return known[1]
        with self._lock:
            env = self._build(*at, said)
            self._environments[at] = said, env
            return env

    def _build(self, theme: str, language: str, said: NullTranslations) -> PageEnvironment:
        folders = [step.folder / "templates" for step in chain(self.themes, theme)]
        env = PageEnvironment(
            loader=ChainLoader(folders, self._plugins),
            autoescape=True,
            bytecode_cache=compiled,
            undefined=StrictUndefined,
            extensions=["jinja2.ext.i18n", "jinja2.ext.loopcontrols", "jinja2.ext.do", FormTokens],
            trim_blocks=True,
            lstrip_blocks=True,
        )
        env.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]  # added by the i18n extension
        icon = partial(self._icon, theme)
        env.globals.update(self._globals(theme), icon=icon)
        env.globals["drawn_once"] = lru_cache(maxsize=KEPT)(drawn)
        env.filters.update(self._filters(icon))
        env.say, env.icon = said.gettext, icon
        env.variant = f"{edition(language)} {self.assets.url(theme, SPRITE)}"
        # A global, because a single block drawn for htmx does not run the imports of its template.
        env.globals["ui"] = env.get_template("ui.html").module
        return env

    @cached_property
    def icons(self) -> frozenset[str]:
        """The names of all icons that there are."""
        return icon_names(self.themes["default"].folder / "static" / SPRITE)

    def _icon(self, theme: str, name: str, *, small: bool = False) -> Markup:
        if name not in self.icons:
            raise KeyError(f"no icon {name!r} in the sprite")
        return icon_markup(name, self.assets.url(theme, SPRITE), small=small)

    def _globals(self, theme: str) -> dict[str, Any]:
        return {
            "ink": picture,
            "now": self._now,
            "sheets": lambda: self.assets.sheets(theme),
            "sri": self.assets.integrity,
            "static": lambda name: self.assets.url(theme, name),
            "theme": self.themes[theme],
            "url": self._urls,
        }

    def _filters(self, icon: Callable[..., Markup]) -> dict[str, Callable[..., Any]]:
        came = lru_cache(maxsize=TIMES)(words.time_tag)
        left = lru_cache(maxsize=TIMES)(partial(words.due_tag, icon=icon))
        return {
            "ago": lambda moment: words.ago(moment, self._moment()),
            "clock": words.clock,
            "date_cn": words.date_cn,
            "day_cn": words.day_cn,
            "due": lambda limit: words.due(limit, self._moment()),
            "due_tag": lambda limit: left(limit, words.due(limit, self._moment())),
            "filesize": words.filesize,
            "iso": lambda moment: words.local(moment).isoformat(timespec="minutes"),
            "pad_name": words.pad_name,
            "said": lambda text: gettext(str(text)) if text and type(text) is not Markup else text,
            "span": words.span,
            "stored": words.stored,
            "step_of": words.step_of,
            "about": words.about,
            "time_cn": words.time_cn,
            "time_tag": lambda moment: came(moment, words.local(self._moment()).date()),
            "weekday_cn": words.weekday_cn,
            "day_and_weekday": words.day_and_weekday,
            "weekday_short": words.weekday_short,
            "month_cn": words.month_cn,
        }
