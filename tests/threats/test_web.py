"""Rows 18, 19, 21, 24, 27, 28: what comes in by the browser, what goes out in files and logs."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from markupsafe import escape

from kernel.errors import Unavailable
from kernel.identity.models import Person
from kernel.portal.admission import Admission
from kernel.portal.export import export
from kernel.portal.lists import Column, ListSpec, Sort
from kernel.portal.origin import TOKEN
from kernel.storage.database import connection, transaction
from kernel.testing_office import Office
from kernel.work import logs
from plugins.documents.models import Document
from tests.threats.attacks import caught
from tests.web.test_slow_clients import HALF, PLAIN, all_dropped, connect, served

CANARY = "canaryZQ7"
SCRIPTS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<svg/onload=alert(1)>",
    "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "'-alert(1)-'<b>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--><img src=x onerror=alert(1)>'>",
    "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<template><script>alert(1)</script></template>",
    "<details open ontoggle=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<body onpageshow=alert(1)>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<base href='https://evil.example/'>",
    "<!--><img src=x onerror=alert(1)>-->",
)
"""Scripts, and markup that browsers parse another way the second time (mXSS)."""


def test_row_18_script_in_a_title(office: Office):
    """Whatever stands in a title or a name is shown as text, on every page that shows it."""
    with connection():
        document = Document.get()
    drafter = office.browser()
    drafter.login("林晓梅")
    pages = ("/documents/out", "/tasks", "/")
    for payload in SCRIPTS:
        with transaction():
            Document.update(title=payload).where(Document.id == document.id).execute()
            Person.update(name=payload).where(Person.name.in_(["王芳", *SCRIPTS])).execute()
        shown = f"/documents/out/{document.uid}"
        for path in (shown, pages[SCRIPTS.index(payload) % len(pages)]):
            text = drafter.get(path).text
            assert payload not in text, path
            assert path != shown or str(escape(payload)) in text
    policy = drafter.get("/").headers["content-security-policy"]
    assert "script-src 'self'" in policy and "unsafe-inline" not in policy


FORMULAS = ("=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "=HYPERLINK(1)", "=cmd|' /C calc'!A0")


def test_row_19_formula_in_a_table(office: Office):
    """No cell of an export begins as a formula."""
    spec = ListSpec(
        title="发文",
        columns=(Column("title", "标题", value=str),),
        sorts=(Sort("new", "新", key=str),),
        default_sort="new",
        uid="uid",
    )
    made = export(spec, {}, fetch=lambda query, limit: list(FORMULAS), kind="csv")
    rows = list(csv.reader(io.StringIO(made.content.decode("utf-8-sig"), newline="")))
    assert len(rows) == 1 + len(FORMULAS)
    assert [row[0] for row in rows if row[0].startswith(("=", "+", "-", "@", "\t", "\r"))] == []


def test_row_21_forms_of_other_sites(office: Office):
    """Nothing changes by what another site lets the browser send, nor without our form's token."""
    browser = office.browser()
    browser.login("林晓梅")
    del browser.headers["sec-fetch-site"]
    tries: list[dict[str, str]] = [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {},
    ]
    for headers in tries:
        browser.post("/me/display", data={"size": "large"}, headers=headers)
        assert size() == "", headers
        browser.post("/me/display", data={"size": "large", TOKEN: "guess"}, headers=headers)
        assert size() == "", headers
    browser.post("/me/display", data={"size": "large"}, headers={"sec-fetch-site": "same-origin"})
    assert size() == "large"


def size() -> str:
    with connection():
        return str(Person.get(Person.name == "林晓梅").text_size)


def test_row_24_slow_clients_and_crowds(office: Office):
    """Who sends slowly is dropped; who comes when there is no room is told at once."""
    with served(PLAIN) as port:
        held = [connect(port, sent) for sent in (b"", HALF) for _ in range(20)]
        assert all_dropped(held, seconds=4) == 0
    assert asyncio.run(crowd(Admission(running=2, waiting=2, patience=0.1))) >= 6


async def crowd(door: Admission) -> int:
    """How many of ten are told to come again."""
    refused = 0

    async def one() -> None:
        nonlocal refused
        try:
            async with door.slot():
                await asyncio.sleep(0.5)
        except Unavailable:
            refused += 1

    await asyncio.gather(*(one() for _ in range(10)))
    return refused


@contextmanager
def log_file(folder: Path) -> Iterator[Path]:
    """The log that this process writes meanwhile."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    logs.to_file(folder / "juyan.log")
    try:
        yield folder / "juyan.log"
    finally:
        for handler in root.handlers[:]:
            if handler not in before:
                root.removeHandler(handler)
                handler.close()
        root.setLevel(level)
        logging.getLogger("uvicorn").setLevel(logging.NOTSET)


def test_row_27_words_in_the_log(office: Office, tmp_path: Path):
    """No word of a form, an address or an error reaches the log."""
    browser = office.browser()
    browser.login("林晓梅")
    with log_file(tmp_path) as file:
        browser.get("/search", params={"q": CANARY})
        browser.get(f"/documents/out/{CANARY}")
        browser.post("/documents/out/new", data={"title": CANARY, "body": CANARY, "main": CANARY})
        browser.get("/", headers={"user-agent": CANARY, "referer": CANARY})
        words = f"{CANARY} 机密"
        logs.event("request", route=words, code=words, person=words)
        error = caught(lambda: int(CANARY))
        logging.getLogger("juyan.x").error("it failed: %s", error, exc_info=error)
        written = "\n".join(
            line for line in file.read_text("utf-8").splitlines() if '"juyan' in line
        )
    assert '"request"' in written
    assert CANARY not in written


NASTY = ("\n{}", "\r\n[x]", "\x1b[31mred", "\x00", "\u2028", "\x85", '"}\n{"level": "error"}')


def test_row_28_lines_forged_in_the_log(office: Office, tmp_path: Path):
    """Each event is one line of JSON, whatever stands in it."""
    with log_file(tmp_path) as file:
        for text in NASTY:
            logging.getLogger("juyan.x").warning(f"{text} happened")
            logs.event("request", route=text)
        lines = file.read_bytes().split(b"\n")[:-1]
    assert len(lines) == 2 * len(NASTY)
    for line in lines:
        assert json.loads(line)["level"] in ("warning", "info")
        assert not any(byte < 0x20 or byte > 0x7E for byte in line)
