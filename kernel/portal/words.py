"""Times, names and sizes in the words of an office.

Times come in as UTC and are shown in Asia/Shanghai, on the 24-hour clock.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from gettext import NullTranslations
from typing import Any, Literal

from markupsafe import Markup, escape
from msgspec import Struct

from kernel.acts.models import URGENT
from kernel.acts.tasks import BACK
from kernel.portal.i18n import _, language, ngettext, translations
from kernel.work.calendar import CHINA, day_begins

_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()


class Due(Struct, frozen=True):
    """A time limit in words: the colour never stands without an icon and a word."""

    kind: Literal["over", "soon", "plain"]
    text: str
    icon: str


def local(moment: datetime) -> datetime:
    """The moment in Asia/Shanghai; a naive one is taken as UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(CHINA)


def whole(text: str) -> int | None:
    """The number that a field or an address holds; None for anything but nine digits at most."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def end_of(day: date) -> datetime:
    """The last moment of a day in Asia/Shanghai: until then comes what is due that day."""
    return day_begins(day) + timedelta(days=1, milliseconds=-1)


def _day(day: date | datetime) -> date:
    return local(day).date() if isinstance(day, datetime) else day


def date_cn(day: date | datetime) -> str:
    """``2026年11月23日`` (``23 Nov 2026``)."""
    at = _day(day)
    if language() == "en":
        return f"{at.day} {_MONTHS[at.month - 1]} {at.year}"
    return f"{at.year}年{at.month}月{at.day}日"


def day_cn(day: date | datetime) -> str:
    """``11月23日`` (``23 Nov``), where the year is plain."""
    at = _day(day)
    if language() == "en":
        return f"{at.day} {_MONTHS[at.month - 1]}"
    return f"{at.month}月{at.day}日"


def month_cn(day: date) -> str:
    """``2026年11月`` (``Nov 2026``)."""
    if language() == "en":
        return f"{_MONTHS[day.month - 1]} {day.year}"
    return f"{day.year}年{day.month}月"


def weekday_short(day: date) -> str:
    """``一`` (``Mo``), over the columns of a narrow calendar."""
    at = day.weekday()
    return _DAYS[at][:2] if language() == "en" else "一二三四五六日"[at]


def weekday_cn(day: date | datetime) -> str:
    """``星期一`` (``Monday``)."""
    at = _day(day).weekday()
    return _DAYS[at] if language() == "en" else f"星期{'一二三四五六日'[at]}"


def day_and_weekday(day: date | datetime) -> str:
    """``11月23日 星期一`` (``Monday 23 Nov``)."""
    said = [day_cn(day), weekday_cn(day)]
    return " ".join(reversed(said) if language() == "en" else said)


def time_cn(moment: datetime) -> str:
    """``2026年11月23日 08:46``."""
    return f"{date_cn(moment)} {local(moment):%H:%M}"


def clock(moment: datetime) -> str:
    """``08:46``."""
    return f"{local(moment):%H:%M}"


def ago(moment: datetime, now: datetime) -> str:
    """When something came, as short as it stays clear: 今天 08:12, 昨天 16:40, 11-20 16:40."""
    return _ago(local(moment), local(now).date())


def time_tag(moment: datetime, today: date) -> Markup:
    """When something came, in words for people and exact for machines: a ``<time>`` of HTML.

    :param today: the day in Asia/Shanghai.
    """
    at = local(moment)
    words = _ago(at, today)
    exact = at.isoformat(timespec="minutes")
    return Markup(f'<time datetime="{exact}">{escape(words)}</time>')  # noqa: S704  # escaped


def _ago(at: datetime, today: date) -> str:
    if at.date() == today:
        return _("今天 %(time)s", time=f"{at:%H:%M}")
    if at.date() == today - timedelta(days=1):
        return _("昨天 %(time)s", time=f"{at:%H:%M}")
    return f"{at:%m-%d %H:%M}" if at.year == today.year else f"{at:%Y-%m-%d}"


def due(limit: datetime, now: datetime) -> Due:
    """How much time is left until *limit*."""
    if limit < now:
        return Due("over", _("超期 %(span)s", span=span(now - limit)), "triangle-alert")
    days = (local(limit).date() - local(now).date()).days
    if days == 0:
        return Due("soon", _("今日 %(time)s", time=clock(limit)), "clock")
    text = ngettext("剩 %(n)s 天", "剩 %(n)s 天", days) % {"n": days}
    return Due("plain", text, "")


def due_tag(limit: datetime, found: Due, icon: Callable[..., Markup]) -> Markup:
    """How much time is left, as HTML: colour, icon and words; the limit itself on hovering.

    :param found: what :func:`due` says of it. :param icon: draws the icon of that name.
    """
    at = local(limit)
    sign = icon(found.icon, small=True) if found.icon else ""
    return Markup(  # noqa: S704  # escaped
        f'<span class="due due--{found.kind}">{sign}<time datetime="'
        f'{at.isoformat(timespec="minutes")}" title="{date_cn(at.date())} {at:%H:%M}">'
        f"{escape(found.text)}</time></span>"
    )


def stored(text: str) -> str:
    """What was stored in Chinese when it was written, its known words in the language spoken now.

    Steps and the line below a title (发文 · 通知 · 秘书科) are such: names stay as they are.
    """
    return _stored(text, translations(language()))


@lru_cache(maxsize=4096)  # a page says some seventy of them, and the next page the same ones
def _stored(text: str, said: NullTranslations) -> str:
    return " · ".join([said.gettext(part) if part else "" for part in text.split(" · ")])


def marks_of(task: Any) -> tuple[str, ...]:
    """What stands before the title of a task: how urgent it is, and whether it came back.

    :param task: as for :func:`step_of`.
    """
    urgent = (task.urgency,) if task.urgency in URGENT else ()
    return (*urgent, BACK.removesuffix(" · ")) if BACK in task.meta else urgent


def about(task: Any) -> str:
    """The line below its title, without what :func:`marks_of` says."""
    return stored(task.meta.replace(BACK, "", 1))


def step_of(task: Any) -> str:
    """The step of a task: in English the name that its flow gives it, else as :func:`stored`.

    :param task: a :class:`kernel.acts.models.Task`, or a row with its names.
    """
    return task.step_en if language() == "en" and task.step_en else stored(task.step)


def ended_word(how: str) -> str:
    """What its sender did with a whole package (``Package.ended``); empty while it goes on."""
    words = {"void": _("已作废"), "supersede": _("已被替换"), "recall": _("已撤回")}
    return words.get(how, "")


def span(length: timedelta) -> str:
    """A length of time in its largest unit: 3 天, 2 小时, 5 分钟."""
    minutes = int(length.total_seconds()) // 60
    if minutes >= 24 * 60:
        n = minutes // (24 * 60)
        return ngettext("%(n)s 天", "%(n)s 天", n) % {"n": n}
    if minutes >= 60:
        n = minutes // 60
        return ngettext("%(n)s 小时", "%(n)s 小时", n) % {"n": n}
    n = max(minutes, 1)
    return ngettext("%(n)s 分钟", "%(n)s 分钟", n) % {"n": n}


def pad_name(name: str) -> str:
    """A name of two characters with a full-width space between them, for columns (王　芳).

    In English nothing stands below it that it would have to fill.
    """
    two = (
        language() != "en" and len(name) == 2 and all("\u4e00" <= sign <= "\u9fff" for sign in name)
    )
    return f"{name[0]}\u3000{name[1]}" if two else name


def filesize(count: int) -> str:
    """Bytes as people say them: ``312 MB``, ``48 KB``, ``900 B``."""
    value = float(count)
    for unit in ("B", "KB", "MB", "GB"):
        if value < 1024 or unit == "GB":
            break
        value /= 1024
    return f"{value:.1f} {unit}" if unit != "B" and value < 10 else f"{value:.0f} {unit}"
