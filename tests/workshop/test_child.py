"""The child may die; the workshop goes on."""

from __future__ import annotations

import io
import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from kernel.errors import Invalid, Unavailable
from kernel.work.fonts import check_lock
from kernel.work.sheet import Sheet
from kernel.work.workshop import UPLOADS, Workshop

pytestmark = pytest.mark.started_anew
SHORT = Sheet(title="会议须知", body=("请准时到会。",))


def test_a_page_is_shown_as_an_image(workshop: Workshop) -> None:
    pdf = workshop.typeset(SHORT).pdf
    image = Image.open(io.BytesIO(workshop.page_image(pdf, 1, scale=2.0)))
    assert image.size == (1191, 1684)
    assert workshop.page_text(pdf)[0].startswith("会议须知")


def test_a_child_that_was_killed_is_replaced(workshop: Workshop) -> None:
    workshop.typeset(SHORT)
    child = workshop.child_pid
    assert child
    os.kill(child, signal.SIGKILL)
    try:
        result = workshop.typeset(SHORT)
    except Unavailable:  # because it may die in the middle of the question
        result = workshop.typeset(SHORT)
    assert result.pages == 1
    assert workshop.child_pid != child


def test_a_job_that_takes_too_long_is_stopped() -> None:
    shop = Workshop(seconds=0.05)
    try:
        with pytest.raises(Unavailable) as caught:
            shop.typeset(SHORT)
        assert caught.value.code == "workshop.stopped"
    finally:
        shop.close()


def hang(child: int | None) -> None:
    """As on a document that takes for ever."""
    assert child
    os.kill(child, signal.SIGSTOP)


def note(shop: Workshop) -> str:
    return shop.take("会议须知".encode(), "a.txt", accept=("txt",)).kind


def refusal_of(job: Callable[[], object]) -> tuple[str, float]:
    """The code of a refusal, and the seconds until it came."""
    begun = time.monotonic()
    with pytest.raises((Invalid, Unavailable)) as caught:
        job()
    return caught.value.code, time.monotonic() - begun


def test_an_upload_that_takes_too_long_is_refused_and_keeps_no_reader_waiting() -> None:
    shop = Workshop(upload_seconds=4)
    try:
        pdf = shop.typeset(SHORT).pdf
        assert note(shop) == "txt"
        hang(shop.upload_pid)
        with ThreadPoolExecutor(1) as pool:
            upload = pool.submit(refusal_of, lambda: note(shop))
            assert shop.page_text(pdf) and not upload.done()
            code, seconds = upload.result()
        assert code == "uploads.slow" and 4 <= seconds < 8
        assert note(shop) == "txt"
    finally:
        shop.close()


def test_who_finds_the_child_taken_for_long_is_told_so_instead_of_waiting() -> None:
    shop = Workshop(seconds=6, patience=1)
    try:
        pdf = shop.typeset(SHORT).pdf
        hang(shop.child_pid)
        with ThreadPoolExecutor(5) as pool:
            first, *others = [
                pool.submit(refusal_of, lambda: shop.page_text(pdf)) for _ in range(5)
            ]
            for code, seconds in (one.result() for one in others):
                assert code == "workshop.busy" and 1 <= seconds < 4
            code, seconds = refusal_of(lambda: shop.page_text(pdf))
            assert code == "workshop.busy" and seconds < 0.5
            assert first.result()[0] == "workshop.stopped"
        assert shop.page_text(pdf)
    finally:
        shop.close()


def test_few_uploads_stand_in_line_and_the_others_are_told_at_once() -> None:
    shop = Workshop(upload_seconds=6, patience=3)
    try:
        assert note(shop) == "txt"
        hang(shop.upload_pid)
        with ThreadPoolExecutor(UPLOADS + 4) as pool:
            jobs = [pool.submit(refusal_of, lambda: note(shop)) for _ in range(UPLOADS + 4)]
            found = sorted((one.result() for one in jobs), key=lambda one: one[1])
        assert [code for code, _ in found] == ["workshop.busy"] * (UPLOADS + 3) + ["uploads.slow"]
        assert sum(seconds < 2 for _, seconds in found) == 4
    finally:
        shop.close()


def test_a_closed_workshop_leaves_no_process() -> None:
    shop = Workshop()
    with pytest.raises(Invalid):
        shop.page_text(b"no pdf")
    child = shop.child_pid
    shop.close()
    assert child and not os.path.exists(f"/proc/{child}")


def test_many_threads_share_one_child(workshop: Workshop) -> None:
    sheets = [Sheet(title=f"第{i}号须知", body=("请准时到会。",)) for i in range(6)]
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(workshop.typeset, sheets))
    for i, result in enumerate(results):
        assert workshop.page_text(result.pdf)[0].startswith(f"第{i}号须知")


@pytest.mark.parametrize("pdf", [b"", b"no pdf", b"%PDF-1.7\n" + b"x" * 4000])
def test_what_is_no_pdf_is_refused(workshop: Workshop, pdf: bytes) -> None:
    with pytest.raises(Invalid) as caught:
        workshop.page_image(pdf, 1)
    assert caught.value.code == "workshop.pdf"


@pytest.mark.parametrize("page", [0, 2, -1])
def test_a_page_that_is_not_there_is_refused(workshop: Workshop, page: int) -> None:
    with pytest.raises(Invalid) as caught:
        workshop.page_image(workshop.typeset(SHORT).pdf, page)
    assert caught.value.code == "workshop.page"


def test_the_fonts_are_those_of_the_lock_file() -> None:
    assert check_lock() == []
