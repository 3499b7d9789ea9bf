"""The parts of the portal with made-up content, as pages to be looked at and tested."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from kernel.portal.i18n import speaking
from kernel.portal.lists import build
from kernel.portal.page import (
    MenuItem,
    Message,
    Page,
    Size,
)
from kernel.portal.parts import (
    PageImage,
    Phrase,
    SealLine,
    Tab,
)
from kernel.portal.render import Renderer
from tests.portal_face.cards import lent_out, matters, places
from tests.portal_face.samples import (
    NOW,
    OUT,
    Sorry,
    book,
    confirmation,
    draft,
    frame,
    history,
    rows_out,
    steps,
    tasks,
)

HERE = Path(__file__).resolve().parent


PAGES = (
    "home",
    "leader",
    "list",
    "empty",
    "sheet",
    "editor",
    "form",
    "confirm",
    "receipts",
    "settings",
    "login",
    "error",
    "print",
)


@cache
def renderer() -> Renderer:
    """Draws with a clock that stands still."""
    return Renderer([], {"gallery": HERE / "templates"}, urls=_url, now=lambda: NOW)


def _url(name: str, **params: object) -> str:
    return f"/{name}" + "".join(f"/{value}" for value in params.values())


def draw(name: str, *, language: str = "zh", theme: str = "default", size: Size = "normal") -> str:
    """One page of the gallery as HTML."""
    with speaking(language):
        page, context = _contexts(language, size)[name]
        drawer = renderer()
        brand = drawer.themes[theme].brand("中共张掖市委办公室", "张掖市委办")
        page = replace(page, brand=brand)
        return drawer.render(
            f"gallery/{name}.html", {"page": page, **context}, language=language, theme=theme
        )


def _contexts(language: str, size: Size) -> Mapping[str, tuple[Page, dict[str, Any]]]:
    def page(title: str, current: str = "", **changes: Any) -> Page:
        return replace(frame(title, language, size, current), **changes)

    all_rows = rows_out()
    listing = build(
        OUT, {"q": "", "tab": "doing"}, path="/documents/out", fetch=lambda q, n: all_rows, total=8
    )
    nothing = build(OUT, {"q": "量子"}, path="/documents/out", fetch=lambda q, n: [])
    tabs = [
        Tab("在办", "?tab=doing", True, 8),
        Tab("已办结", "?tab=done"),
        Tab("草稿", "?tab=drafts", count=0),
    ]
    common = {"tabs": tabs, "steps": steps(), "history": history(), "book": book()}
    done = Message("ok", "已送刘志远（分管副市长）。对方打开前可撤回。", "/flow", "查看流程")
    pages_ = [PageImage("/static/default/favicon.svg", 1190, 1684, "第一页")]
    seal = SealLine(True, "中共张掖市委办公室", NOW, demo=True, custody="L0 演示")
    broken = SealLine(False, "中共张掖市委办公室", NOW)
    phrases = tuple(Phrase(text) for text in ("同意。", "请阅处。", "已阅。", "请秘书一科办理。"))
    return {
        "home": (page("工作台", "home"), {**common, "tasks": tasks()}),
        "leader": (
            page("工作台", "home"),
            {"cards": matters(), "places": places(), "lent": lent_out()},
        ),
        "list": (page("发文办理", "out", messages=(done,)), {**common, "listing": listing}),
        "empty": (page("发文办理", "out"), {**common, "listing": nothing}),
        "sheet": (
            page("关于做好强降雪天气防范应对工作的紧急通知"),
            {
                **common,
                "seals": [seal, broken],
                "pages": pages_,
                "phrases": phrases,
                "form": draft(wrong=False),
            },
        ),
        "editor": (
            page("起草公文", "out"),
            {**common, "form": draft(wrong=False), "pages": pages_},
        ),
        "form": (page("起草公文", "out"), {**common, "form": draft(wrong=True)}),
        "confirm": (page("用印", "out"), {"confirm": confirmation()}),
        "receipts": (page("签收回执"), {**common}),
        "settings": (
            page("插件"),
            {
                **common,
                "sections": [
                    MenuItem("单位", "/admin/units", "building"),
                    MenuItem("插件", "/admin/plugins", "plug", current=True),
                ],
                "trail": [("管理后台", "/admin")],
            },
        ),
        "login": (
            page("登录", desk=None, menu=(), tab_bar=()),
            {
                "people": [
                    ("林晓梅", "秘书一科 科员"),
                    ("王芳", "秘书一科 科长"),
                    ("刘志远", "秘书长"),
                ]
            },
        ),
        "error": (page("系统出错", desk=None), {"error": Sorry()}),
        "print": (page("收文处理单"), {}),
    }
