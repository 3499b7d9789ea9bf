"""How the portal of an organ looks and what it says, on the screen and at the head of its paper."""

from __future__ import annotations

from typing import Any

from kernel.acts.context import this_act
from kernel.acts.verbs import act
from kernel.errors import Invalid
from kernel.identity.desk import Desk
from kernel.identity.models import Look
from kernel.storage.blobs import blobs

LONGEST = {"mark": 4, "product": 30, "support": 60, "notice": 200, "letter_name": 30}
"""Characters of each text, so that the top bar and the footer hold it on a phone."""


def _fits(desk: Desk, *, logo: str, **given: Any) -> None:
    for name, most in LONGEST.items():
        text = given[name]
        if len(text) > most or any(ord(sign) < 32 for sign in text):
            raise Invalid(
                "house.look",
                f"最多 {most} 个字，不能换行，请改短。",
                f"At most {most} characters, on one line: make it shorter.",
                field=name,
            )
    if given["letter_name"].endswith("文件"):
        raise Invalid(
            "house.letter_name",
            "请只填单位名称，“文件”二字会自动加上。",
            "Write the name alone; 文件 is added by itself.",
            field="letter_name",
        )
    if logo and not blobs().has(logo):
        raise Invalid(
            "house.logo",
            "徽标没有上传成功，请重新选择图片。",
            "Choose the logo again.",
            field="logo",
        )


@act(
    "house.set_look",
    title="设置单位门面",
    title_en="Set the look of the portal",
    level="look",
    weight="recorded",
    check=_fits,
)
def set_look(
    desk: Desk,
    *,
    theme: str,
    mark: str,
    logo: str,
    product: str,
    support: str,
    notice: str,
    letter_name: str = "",
    letter_bare: bool = False,
) -> None:
    """Let the portal of the desk's own organ look like this; empty values stand for the node's.

    :param theme: the id of an installed theme; one that is not there any more is passed over.
    :param logo: the blob digest of a PNG.
    :param letter_name: 规范化简称 at the head of its documents; the full name where empty.
    :param letter_bare: without 文件 there. A document whose layout is fixed keeps its head.
    """
    facts: dict[str, str | bool] = {"theme": theme, "mark": mark, "logo": logo, "product": product}
    facts |= {"support": support, "notice": notice, "letter_name": letter_name}
    facts |= {"letter_bare": letter_bare, "act": this_act()}
    if not Look.update(**facts).where(Look.organ == desk.organ_code).execute():
        Look.create(organ=desk.organ_code, **facts)
