"""The seal's image."""

from __future__ import annotations

import io
import math
from xml.etree import ElementTree

import pikepdf
import pypdfium2
import pytest

from kernel.errors import Invalid
from kernel.seals.impression import seal_pdf, seal_svg

NAMES = [
    "张掖市档案局",
    "中共张掖市委办公室",
    "中国银行业监督管理委员会张掖监管分局",
    "张掖市人大常委会办公室选举任免联络工作室",
]


SCALE = 8.0
MM = SCALE * 72 / 25.4


def red_radii(svg: str) -> list[float]:
    """How far from the centre (mm) there is ink, as the printed seal shows it."""
    with pypdfium2.PdfDocument(seal_pdf(svg)) as pdf:
        image = pdf[0].render(scale=SCALE).to_pil().convert("RGB")
    green = image.getchannel("G").load()
    middle = image.width / 2
    return [
        math.hypot(x - middle, y - middle) / MM
        for x in range(0, image.width, 2)
        for y in range(0, image.height, 2)
        if green[x, y] < 128
    ]


@pytest.mark.parametrize("name", NAMES)
def test_ring_name_and_star_keep_clear_of_each_other(name: str) -> None:
    ink = red_radii(seal_svg(name))
    assert max(ink) == pytest.approx(21, abs=0.1)
    assert not [radius for radius in ink if 19.0 < radius < 19.75]
    assert [radius for radius in ink if 15 < radius < 17]
    assert not [radius for radius in ink if 7.1 < radius < 11.5]
    assert [radius for radius in ink if radius < 1]


def test_a_seal_without_a_star_is_empty_in_the_middle() -> None:
    assert not [radius for radius in red_radii(seal_svg(NAMES[1], star=False)) if radius < 11]


def test_a_demo_seal_says_so_and_a_special_seal_its_purpose() -> None:
    plain = seal_svg(NAMES[1])
    assert len(seal_svg(NAMES[1], demo=True)) > len(plain)
    special = seal_svg(NAMES[1], centre_line="信息报送专用章")
    title = ElementTree.fromstring(special)[0].text  # noqa: S314  # our own text
    assert title == "中共张掖市委办公室信息报送专用章"


@pytest.mark.parametrize("name", ["", "局", "张" * 31, "张掖\U0001f600局", "<局>\x00"])
def test_a_name_that_cannot_be_cut_is_refused(name: str) -> None:
    with pytest.raises(Invalid) as caught:
        seal_svg(name)
    assert caught.value.code == "seals.name"


@pytest.mark.parametrize("diameter", [42.0, 45.0])
def test_the_pdf_is_one_page_of_vectors_in_the_size_of_the_seal(diameter: float) -> None:
    pdf = seal_pdf(seal_svg(NAMES[1], diameter_mm=diameter))
    assert pdf == seal_pdf(seal_svg(NAMES[1], diameter_mm=diameter))
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        (page,) = opened.pages
        assert float(page.mediabox[2]) == pytest.approx(diameter * 72 / 25.4, abs=0.1)
        assert page.resources.ExtGState.Ink.BM == "/Multiply"
        assert not page.get_images()
        assert "/Font" not in page.resources


def test_it_is_red_on_nothing() -> None:
    with pypdfium2.PdfDocument(seal_pdf(seal_svg(NAMES[1]))) as pdf:
        image = pdf[0].render(scale=4).to_pil().convert("RGB")
    centre = image.getpixel((image.width // 2, image.height // 2))
    corner = image.getpixel((3, 3))
    assert centre == (230, 0, 18)
    assert corner == (255, 255, 255)
