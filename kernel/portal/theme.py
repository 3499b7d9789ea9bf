"""Themes: a folder with ``theme.toml``, ``tokens.css``, ``static/`` and ``templates/``.

A theme changes tokens first. It never brings scripts or Python, nor the colours of states and
focus; words must stay readable on its colours. Its chain is the theme, then what it extends, up to
``default``. The house's themes may override templates; a node's own, in ``themes/`` of its
instance, may not.
"""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct
from msgspec.structs import fields

from kernel.deferred import pattern
from kernel.errors import Invalid
from kernel.portal import contrast
from kernel.portal.page import Brand
from kernel.settings import read_toml

BUILT_IN = Path(__file__).resolve().parent.parent.parent / "themes"
"""The themes that come with the product."""
ROOT_THEME = "default"

_NAME = pattern(r"[a-z][a-z0-9-]{0,30}")
_MAY_HOLD = {".css", ".html", ".md", ".png", ".svg", ".toml", ".webp", ".woff2"}


class Theme(Struct, frozen=True):
    """One look of the portal."""

    id: str
    folder: Path
    name: str = ""
    name_en: str = ""
    extends: str = ""
    version: str = "1"
    product: str = "综合办公系统"
    """The product's name in the top bar."""
    unit: str = ""
    """A fixed unit name; the organ's own where empty."""
    short: str = ""
    mark: str = ""
    """Up to four characters for the square mark; from the organ's short name where empty."""
    support: str = ""

    def called(self, language: str) -> str:
        """Its name in the language of the page."""
        return (self.name_en if language == "en" else "") or self.name

    def brand(self, organ: str, organ_short: str = "") -> Brand:
        """The names in the top bar for that organ."""
        return Brand(
            product=self.product,
            unit=self.unit or organ,
            short=self.short or organ_short or organ,
            mark=self.mark,
            support=self.support,
        )


def load_themes(
    folders: list[Path], faults: dict[str, Invalid] | None = None, *, own: Path | None = None
) -> dict[str, Theme]:
    """All themes in these folders, by id; a later folder wins, *own* over all.

    :param own: the node's own themes. They bring no templates: these are programs, which nobody
        has looked at (:data:`_MAY_HOLD`).
    :param faults: where given, a theme that cannot be used is left out, the refusal noted
        here by its id, and what extends it is left out as well.
    :raises Invalid: ``themes.invalid``: no TOML, a bad id, an unknown key or parent, a file or a
        value that a theme may not bring, or words that could not be read; the sentence names it.
    """
    places = [*folders, own] if own else folders
    files = [file for folder in places for file in sorted(folder.glob("*/theme.toml"))]
    usable: list[Theme] = []
    for file in files:
        try:
            usable.append(_read(file))
        except Invalid as error:
            _note(faults, file.parent.name, error)
    while True:
        themes = {theme.id: theme for theme in usable}
        wrong = next((one for one in themes.values() if _faulty(themes, one, own, faults)), None)
        if wrong is None:
            return themes
        usable.remove(wrong)


def _faulty(
    themes: dict[str, Theme], theme: Theme, own: Path | None, faults: dict[str, Invalid] | None
) -> bool:
    try:
        _judge(themes, theme, _MAY_HOLD - {".html"} if theme.folder.parent == own else _MAY_HOLD)
    except Invalid as error:
        _note(faults, theme.id, error)
        return True
    return False


def _note(faults: dict[str, Invalid] | None, theme: str, error: Invalid) -> None:
    if faults is None:
        raise error
    faults.setdefault(theme, error)


def tokens(themes: dict[str, Theme], theme: str) -> dict[str, str]:
    """Token → value under that theme: its own, else its parents', else the default ones.

    :raises ValueError: a ``tokens.css`` holds anything but values.
    """
    found: dict[str, str] = {}
    for step in [themes[ROOT_THEME], *reversed(chain(themes, theme))]:
        file = step.folder / "tokens.css"
        if file.exists():
            read = contrast.defaults_of if step.id == ROOT_THEME else contrast.settings_of
            found |= read(file.read_text("utf-8"))
    return found


def overridden(theme: Theme) -> list[str]:
    """The templates that a theme brings, by their names."""
    folder = theme.folder / "templates"
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*.html"))


def _judge(themes: dict[str, Theme], theme: Theme, may_hold: set[str]) -> None:
    chain(themes, theme.id)
    try:
        _judge_files(theme, may_hold)
        if theme.id != ROOT_THEME:
            _judge_values(themes, theme)
        for text, ground, ratio in contrast.hard_to_read(tokens(themes, theme.id)):
            raise ValueError(f"--{text} / --{ground} {ratio:.2f} : 1 < {contrast.LEAST} : 1")
    except (ValueError, OSError) as error:
        raise _wrong(theme.id, str(error), str(error)) from error


def _judge_files(theme: Theme, may_hold: set[str]) -> None:
    if theme.folder == BUILT_IN / ROOT_THEME:
        return  # the scripts of the house
    brought = [file for file in theme.folder.rglob("[!.]*") if file.is_file()]
    for file in (file for file in brought if file.suffix not in may_hold):
        raise _wrong(theme.id, f"不能带有 {file.name}", f"it may not bring {file.name}")


def _judge_values(themes: dict[str, Theme], theme: Theme) -> None:
    """What a theme sets itself; the default one is what the others are measured by."""
    known, own = tokens(themes, ROOT_THEME), theme.folder / "tokens.css"
    for name in contrast.settings_of(own.read_text("utf-8")) if own.exists() else ():
        if name not in known or contrast.FIXED.match(name):
            raise ValueError(f"tokens.css: --{name}")


def chain(themes: dict[str, Theme], theme: str) -> list[Theme]:
    """The theme and what it extends, nearest first; ``default`` stands in for an unknown one."""
    found: list[Theme] = []
    at = theme if theme in themes else ROOT_THEME
    while at:
        if at not in themes or any(t.id == at for t in found):
            raise _invalid(theme, f"extends = {at!r}")
        found.append(themes[at])
        at = themes[at].extends
    return found


def _read(file: Path) -> Theme:
    known = {f.name for f in fields(Theme)} - {"id", "folder"}
    identity = file.parent.name
    try:
        values = read_toml(file)
    except ValueError as error:
        raise _invalid(identity, str(error)) from error
    if not _NAME.fullmatch(identity):
        raise _invalid(identity, "id")
    for key, value in values.items():
        if key not in known or not isinstance(value, str):
            raise _invalid(identity, key)
    return Theme(id=identity, folder=file.parent, **values)


def _wrong(theme: str, zh: str, en: str) -> Invalid:
    return Invalid(
        "themes.invalid",
        f"主题“{theme}”不能使用：{zh}。请按 docs/themes.md 改正后重新启动。",
        f"The theme {theme!r} cannot be used: {en}. Correct it by docs/themes.md and start again.",
    )


def _invalid(theme: str, what: str) -> Invalid:
    return Invalid(
        "themes.invalid",
        f"主题“{theme}”的 theme.toml 有误：{what}。请改正后重新启动。",
        f"The theme.toml of the theme {theme!r} is wrong: {what}. Correct it and start again.",
    )
