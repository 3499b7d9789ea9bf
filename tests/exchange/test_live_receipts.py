"""The squares of the receipts: every state in words, asked for again while somebody is missing."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest

from kernel.testing_office import Office
from tests.exchange.after import another
from tests.exchange.notice import (
    CPCO,
    GEDU,
    GFIN,
    browser_of,
    delivery,
    opened,
    package,
    signed_for,
)
from tests.exchange.test_deadlines import DAY, by


def live(office: Office, uid: str = "") -> str:
    """What the script is given that asks again."""
    place = f"/exchange/outbox/{uid or package().uid}"
    answer = browser_of(office, CPCO).get(place, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return unescape(answer.text)


def test_the_page_asks_again_for_what_changes_alone(office: Office):
    page = browser_of(office, CPCO).get(f"/exchange/outbox/{package().uid}").text
    assert 'hx-trigger="every 15s, live"' in page and "data-while-visible" in page
    before = live(office)
    assert "<html" not in before and "0</strong> / 7 已签收" in before
    signed_for(office, GFIN)
    after = live(office)
    assert "1</strong> / 7 已签收" in after
    assert 'title="张掖市财政局：已签收' in after


def test_what_comes_again_is_of_one_moment_and_of_the_list_that_was_asked_for(office: Office):
    here = f"{package().uid}?state=waiting&q=财政"
    asks = re.search(r'hx-get="([^"]+)"', live(office, here))
    assert asks and asks[1].endswith("?state=waiting&q=%E8%B4%A2%E6%94%BF")
    before = live(office, here)
    assert "6 家" not in before and "7 家可以撤回，0 家可以申请" in before
    assert before.count('<tr role="row">') == 2  # with that of the headings
    signed_for(office, GFIN)
    after = live(office, here)
    assert "将提醒 6 家未签收单位" in after and "6 家可以撤回，1 家可以申请" in after
    assert "没有找到“财政”" in after
    assert "刘志强" in live(office, f"{package().uid}?state=signed")


def test_the_number_is_read_out_and_the_squares_are_explained(office: Office):
    part = live(office)
    assert re.search(r'<p class="rcpt__num" role="status"><strong>0</strong> / 7 已签收</p>', part)
    legend = re.search(r'<ul class="legend" aria-label="方格说明">.*?</ul>', part)
    assert legend and "已办结" not in legend[0]


def test_what_cannot_be_undone_looks_like_it(office: Office):
    deeds = live(office).partition('id="receipts-deeds"')[2].partition("</section>")[0]
    assert "补给误退的单位，或增发" in deeds
    assert re.search(r'class="btn btn--danger[^>]*>.*?</svg>作废</a>', deeds)


def test_nothing_asks_again_once_everybody_has_signed(office: Office):
    alone = another(office).uid
    assert "hx-trigger" in live(office, alone)
    signed_for(office, GFIN)
    done = live(office, alone)
    assert "全部单位已签收。" in done
    assert "hx-trigger" not in done


def test_overdue_has_a_square_and_a_line_of_its_own(
    office: Office, later: Callable[[timedelta], None]
):
    signed_for(office, GFIN)
    by(office)
    assert "其中逾期" not in live(office)
    later(3 * DAY)
    late = live(office)
    assert "其中逾期 6 家" in late
    assert 'class="is-late" title="张掖市教育局：逾期未签收' in late
    assert delivery(GEDU).state == "delivered"


WORDS = {
    "zh": ("未签收", "已阅未签", "已签收", "逾期未签收", "待签收"),
    "en": ("Not signed for", "Read, not signed for", "Signed for", "Overdue", "To sign for"),
}


@pytest.mark.parametrize("language", WORDS)
def test_a_sender_reads_one_word_for_one_state(
    office: Office, later: Callable[[timedelta], None], language: str
):
    waits, read, signed, late, of_the_receiver = WORDS[language]
    by(office)
    opened(office, GEDU)
    signed_for(office, GFIN)

    def states() -> dict[str, tuple[str, str]]:
        browser = browser_of(office, CPCO)
        browser.cookies.set("lang", language)
        page = unescape(browser.get(f"/exchange/outbox/{package().uid}").text)
        squares = re.findall(r'<li class="is-\w+" title="([^：]+)：([^"]+)">', page)
        cells = re.findall(r'<th role="rowheader".*?</th>.*?</td>', page, re.S)
        lines = [re.sub(r"\s*<[^>]*>\s*", "|", cell).strip("|").split("|") for cell in cells]
        legend = page.partition('class="legend"')[2].partition("</ul>")[0]
        assert all(f">{line[-1]}<" in legend for line in lines)
        assert of_the_receiver not in page.partition("<main")[2]
        words = {line[0]: line[-1] for line in lines}
        return {unit: (words[unit], square) for unit, square in squares}

    before = states()
    assert len(before) == 7
    assert before["中共甘州区委办公室"] == (waits, waits)
    assert before["张掖市教育局"] == (read, read)
    assert before["张掖市财政局"] == (signed, f"{signed} 刘志强")
    later(3 * DAY)
    after = states()
    assert after["中共甘州区委办公室"] == after["张掖市教育局"] == (late, late)


def test_the_seal_says_what_was_checked_and_how_to_check_it(office: Office):
    opened(office, GFIN)
    page = unescape(browser_of(office, GFIN).get(f"/exchange/inbox/{delivery(GFIN).uid}").text)
    assert "文件与盖章时逐字节一致" in page
    assert "都有经办人本人的签名" in page
    assert "L0 演示级" in page
    assert 'href="/help#verify"' in page
    assert 'id="verify"' in browser_of(office, GFIN).get("/help").text
