"""How the portal of an organ looks: theme, mark, names, what its sign-in page and footer say."""

from __future__ import annotations

from kernel.acts.context import this_act
from kernel.acts.verbs import act
from kernel.errors import Invalid
from kernel.identity.desk import Desk
from kernel.identity.models import Look
from kernel.storage.blobs import blobs

LONGEST = {"mark": 4, "product": 30, "support": 60, "notice": 200}
"""Characters of each text, so that the top bar and the footer hold it on a phone."""


def _fits(
    desk: Desk, *, theme: str, mark: str, logo: str, product: str, support: str, notice: str
) -> None:
    given = {"mark": mark, "product": product, "support": support, "notice": notice}
    for name, text in given.items():
        if len(text) > LONGEST[name] or any(ord(sign) < 32 for sign in text):
            raise Invalid(
                "house.look",
                f"最多 {LONGEST[name]} 个字，不能换行，请改短。",
                f"At most {LONGEST[name]} characters, on one line: make it shorter.",
                field=name,
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
    desk: Desk, *, theme: str, mark: str, logo: str, product: str, support: str, notice: str
) -> None:
    """Let the portal of the desk's own organ look like this; empty values stand for the node's.

    :param theme: the id of an installed theme; one that is not there any more is passed over.
    :param logo: the blob digest of a PNG.
    """
    facts = {"theme": theme, "mark": mark, "logo": logo, "product": product}
    facts |= {"support": support, "notice": notice, "act": this_act()}
    if not Look.update(**facts).where(Look.organ == desk.organ_code).execute():
        Look.create(organ=desk.organ_code, **facts)
