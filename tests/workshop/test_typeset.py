"""Pages as GB/T 9704-2012 wants them, looked at through the finished PDF."""

from __future__ import annotations

import pypdfium2
import pytest
from msgspec.structs import replace

from kernel.errors import Invalid
from kernel.work.sheet import Attachment, Sheet
from kernel.work.workshop import LONGEST_TEXT, Placement, Typeset, Workshop

MM = 72 / 25.4
SEAL_RADIUS = 21.0
NOTICE = Sheet(
    title="张掖市档案局关于开展机关档案工作检查评估的通知",
    issuer_banner="张掖市档案局文件",
    number="张档发〔2026〕12号",
    main_recipients="市直各部门、各单位：",
    body=("为做好机关档案工作，现将有关事宜通知如下。",),
    signature=("张掖市档案局",),
    issue_date="2026年11月22日",
    cc=("市委办公室", "市人民政府办公室"),
    printing_organ="张掖市档案局",
    printing_date="2026年11月22日",
)


def lines_of(workshop: Workshop, result: Typeset, page: int) -> list[str]:
    """The lines of a page (from 1) without its page number."""
    lines = workshop.page_text(result.pdf)[page - 1].split("\n")
    return [line for line in lines if line.strip() and not line.startswith("— ")]


def place_of(pdf: bytes, page: int, text: str) -> tuple[float, float, float, float] | None:
    """Left, top, right, bottom of a text on a page in mm from the top left corner."""
    with pypdfium2.PdfDocument(pdf) as document:
        height = document[page - 1].get_height()
        words = document[page - 1].get_textpage()
        found = words.search(text).get_next()
        if found is None:
            return None
        boxes = [words.get_charbox(found[0] + i) for i in range(len(text))]
    lefts, bottoms, rights, tops = zip(*boxes, strict=True)
    return (
        min(lefts) / MM,
        (height - max(tops)) / MM,
        max(rights) / MM,
        (height - min(bottoms)) / MM,
    )


def test_a_full_page_has_22_lines_of_28_characters(workshop: Workshop) -> None:
    result = workshop.typeset(replace(NOTICE, body=("国" * 2000,)))
    lines = lines_of(workshop, result, 2)
    assert len(lines) == 22
    assert {len(line) for line in lines} == {28}


@pytest.mark.started_anew
def test_the_same_sheet_gives_the_same_bytes_in_every_process(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    monkeypatch.setenv("LANG", "C")
    other = Workshop()
    try:
        assert other.typeset(NOTICE) == workshop.typeset(NOTICE)
    finally:
        other.close()


def test_head_number_and_imprint_stand_where_the_standard_puts_them(workshop: Workshop) -> None:
    result = workshop.typeset(NOTICE)
    pdf, last = result.pdf, result.pages
    banner, number = place_of(pdf, 1, "张掖市档案局文件"), place_of(pdf, 1, "〔2026〕12号")
    assert banner and number
    assert banner[1] == pytest.approx(37 + 35, abs=2.5)
    assert banner[0] >= 27.9 and banner[2] <= 184.1
    assert number[1] - banner[3] == pytest.approx(2 * 225 / 22, abs=6)
    cc, printed = place_of(pdf, last, "抄送："), place_of(pdf, last, "22日印发")
    assert cc and printed
    assert 250 < printed[3] < 262 and cc[1] < printed[1]
    assert printed[2] == pytest.approx(184 - 14 / MM, abs=1)


def test_a_long_banner_still_fits_one_line(workshop: Workshop) -> None:
    banner = "中国银行业监督管理委员会张掖监管分局文件"
    result = workshop.typeset(replace(NOTICE, issuer_banner=banner))
    place = place_of(result.pdf, 1, banner)
    assert place and place[0] >= 27.9 and place[2] <= 184.1


def test_before_numbering_the_place_of_the_number_stays_blank(workshop: Workshop) -> None:
    before = workshop.typeset(replace(NOTICE, number=""))
    after = workshop.typeset(NOTICE)
    title = "关于开展"
    assert place_of(before.pdf, 1, title) == place_of(after.pdf, 1, title)


def test_the_seal_stands_on_signature_and_date(workshop: Workshop) -> None:
    result = workshop.typeset(replace(NOTICE, cc=(), printing_organ=""))
    place = result.placement
    date = place_of(result.pdf, 1, "2026年11月22日")
    last = place_of(result.pdf, 1, "通知如下。")
    assert place and date and last
    assert place.x_mm == pytest.approx((date[0] + date[2]) / 2, abs=1)
    assert 184 - date[2] == pytest.approx(4 * 156 / 28, abs=2)
    assert 4 < date[1] - place.y_mm < 10
    assert 0 < (place.y_mm - SEAL_RADIUS) - last[3] < 225 / 22


@pytest.mark.parametrize("count", range(1, 26))
def test_the_signature_is_never_without_text_nor_on_the_imprint(
    workshop: Workshop, count: int
) -> None:
    body = tuple(f"第{index}项内容按照要求办理。" for index in range(count))
    result = workshop.typeset(replace(NOTICE, body=body, annotation="此件公开发布"))
    page = result.placement.page if result.placement else 0
    text = [line for line in lines_of(workshop, result, page) if line.endswith("办理。")]
    assert len(text) >= min(2, count - (page > 1))
    assert_seal_is_free(result, result.placement)


def assert_seal_is_free(result: Typeset, place: Placement | None) -> None:
    """Inside the type area, and 2 mm clear of the imprint when that is on its page."""
    assert place
    assert place.y_mm + SEAL_RADIUS <= 37 + 225
    cc = place_of(result.pdf, place.page, "抄送：")
    assert cc is None or place.y_mm + SEAL_RADIUS + 2 <= cc[1]


@pytest.mark.parametrize("count", range(70, 92, 3))
def test_a_long_last_paragraph_gives_two_lines_to_the_signature(
    workshop: Workshop, count: int
) -> None:
    body = ("各单位要切实加强领导，" * count + "确保完成。",)
    sheet = replace(NOTICE, body=body, attachment_note=("名单", "统计表"))
    result = workshop.typeset(sheet)
    page = result.placement.page if result.placement else 0
    lines = lines_of(workshop, result, page)
    end = next(index for index, line in enumerate(lines) if line.endswith("。"))
    assert end >= 1
    assert_seal_is_free(result, result.placement)
    joined = "".join(workshop.page_text(result.pdf)).replace("\n", "")
    assert joined.count("各单位要切实加强领导") >= count - result.pages


@pytest.mark.parametrize("count", range(4, 12))
def test_a_heading_never_stands_alone_at_the_end_of_a_page(workshop: Workshop, count: int) -> None:
    body = tuple(
        text for i in range(count) for text in ("一、工作任务", "（一）主要内容", f"内容{i}。" * 9)
    )
    result = workshop.typeset(replace(NOTICE, body=body))
    for page in range(1, result.pages + 1):
        lines = lines_of(workshop, result, page)
        assert lines[-1] not in ("一、工作任务", "（一）主要内容")


def test_attachments_begin_on_new_pages_and_repeat_their_header(workshop: Workshop) -> None:
    rows = tuple((str(i), f"单位{i}") for i in range(60))
    sheet = replace(
        NOTICE,
        attachment_note=("单位名单", "说明"),
        attachments=(
            Attachment("单位名单", "table", ("序号", "单位名称"), rows),
            Attachment("说明", "text", paragraphs=("一、范围", "全部单位。")),
        ),
    )
    result = workshop.typeset(sheet)
    pages = [page.replace("\n", "") for page in workshop.page_text(result.pdf)]
    first = next(index for index, page in enumerate(pages) if page.startswith("附件1"))
    assert "单位名称" in pages[first] and "单位名称" in pages[first + 1]
    assert pages[-1].startswith("附件2") and "印发" in pages[-1]
    assert all("印发" not in page for page in pages[:-1])


def test_page_numbers_stand_outside(workshop: Workshop) -> None:
    result = workshop.typeset(replace(NOTICE, body=("国" * 2000,)))
    odd, even = place_of(result.pdf, 1, "— 1 —"), place_of(result.pdf, 2, "— 2 —")
    assert odd and even
    assert odd[2] == pytest.approx(184 - 14 / MM, abs=1)
    assert even[0] == pytest.approx(28 + 14 / MM, abs=1)
    assert (odd[1] + odd[3]) / 2 == pytest.approx(262 + 7, abs=1.5)


def test_an_upward_document_names_its_signer(workshop: Workshop) -> None:
    result = workshop.typeset(replace(NOTICE, signer_name="张三 李四"))
    number, signer = place_of(result.pdf, 1, "张档发"), place_of(result.pdf, 1, "签发人：")
    assert number and signer
    assert number[1] == pytest.approx(signer[1], abs=1)
    assert number[0] == pytest.approx(28 + 156 / 28, abs=1)


def test_a_demo_document_says_so_on_every_page(workshop: Workshop) -> None:
    result = workshop.typeset(replace(NOTICE, body=("国" * 2000,), demo=True))
    assert all("演示文件" in page for page in workshop.page_text(result.pdf))
    assert "演示" not in "".join(workshop.page_text(workshop.typeset(NOTICE).pdf))


def test_characters_that_fall_back_or_are_missing_are_named(workshop: Workshop) -> None:
    result = workshop.typeset(
        replace(NOTICE, title="关于张喆同志任职的通知", body=("王𬭚。\U0001f600",))
    )
    assert result.fallbacks == ("喆", "𬭚")
    assert result.missing == ("\U0001f600",)
    assert workshop.typeset(NOTICE).fallbacks == ()


def test_text_is_never_read_as_markup(workshop: Workshop) -> None:
    text = '#import "x" *粗* _斜_ = 标题 \\ $x$ ]] <seal> @a // 注'
    result = workshop.typeset(replace(NOTICE, body=(text,)))
    assert text.replace(" ", "") in "".join(workshop.page_text(result.pdf)).replace(
        " ", ""
    ).replace("\n", "")


def test_nothing_to_seal_has_no_placement(workshop: Workshop) -> None:
    assert workshop.typeset(Sheet(title="会议须知", body=("请准时到会。",))).placement is None


def test_a_text_without_end_is_refused(workshop: Workshop) -> None:
    with pytest.raises(Invalid) as caught:
        workshop.typeset(replace(NOTICE, body=("国" * LONGEST_TEXT,)))
    assert caught.value.code == "workshop.too_long"
