"""The log says what happened and never what it was about; every defect has a number."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kernel.cli import main
from kernel.errors import Invalid
from kernel.portal.render import Renderer
from kernel.portal.routing import ViewIn
from kernel.testing_office import Browser, Office
from kernel.work import incidents, logs

CANARY = "canaryZQ7"
NASTY = ["\n{}", "\r\n[fake]", "\x1b[31mred", "\x00", "\u2028", "\x85", '"}\n{"level": "error"}']


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    """The log file that this process writes meanwhile."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    logs.to_file(tmp_path / "logs" / "juyan.log")
    yield tmp_path / "logs" / "juyan.log"
    for handler in root.handlers[:]:
        if handler not in before:
            root.removeHandler(handler)
            handler.close()
    root.setLevel(level)
    logging.getLogger("uvicorn").setLevel(logging.NOTSET)


def lines(file: Path) -> list[dict[str, Any]]:
    """What this program wrote; the client of the tests has lines of its own."""
    found = [json.loads(line) for line in file.read_text("ascii").splitlines()]
    return [line for line in found if line["logger"].startswith("juyan")]


@pytest.fixture
def clerk(office: Office) -> Browser:
    browser = office.browser()
    browser.login("孙倩")
    return browser


def test_a_request_is_one_line_of_known_fields(file: Path, office: Office, clerk: Browser):
    clerk.get("/documents/out?q=secret")
    clerk.get("/documents/out/some-uid")
    listed, missing = lines(file)[-2:]
    assert listed["event"] == "request"
    assert (listed["method"], listed["route"], listed["status"]) == ("GET", "/documents/out", 200)
    assert listed["organ"] == "620700-CPCO"
    assert listed["person"] == office.post("孙倩").person.uid
    assert (missing["route"], missing["status"]) == ("/documents/out/{uid}", 404)
    assert missing["code"].endswith(".missing") or missing["code"]
    for line in lines(file):
        assert set(line) <= {"time", "level", "logger", "event", "error", "trace", *logs.FIELDS}


@pytest.mark.parametrize("text", NASTY)
def test_line_breaks_and_escapes_stay_within_one_line(file: Path, text: str):
    logs.event("request", route=text, code=f"a{text}", method="GET")
    logging.getLogger("juyan.x").warning(f"{text} happened")
    logging.getLogger("juyan.x").warning("%s happened", text)
    (first, second, third) = lines(file)
    assert (first["route"], first["code"], first["method"]) == ("?", "?", "GET")
    assert third["event"] == "%s happened"
    assert re.search(r"[\x00-\x1f\x7f-\uffff]", file.read_text("utf-8").replace("\n", "")) is None
    assert second["level"] == "warning"


def test_an_error_leaves_its_type_and_places_but_not_its_sentence(file: Path):
    for error in (ValueError(CANARY), Invalid("x.y", CANARY, CANARY)):
        try:
            raise error
        except Exception as caught:
            logging.getLogger("juyan.x").exception("it failed: %s", caught)
    first, second = lines(file)
    assert (first["error"], second["error"], second["code"]) == ("ValueError", "Invalid", "x.y")
    assert any("test_log.py:" in place for place in first["trace"])
    assert CANARY not in file.read_text("ascii")


def test_of_what_cannot_be_imported_its_name_is_left(file: Path, tmp_path: Path):
    with pytest.raises(ImportError) as caught:
        _ = ViewIn("kernel.portal.views.gone:page").function
    incidents.keep(caught.value, "GET /gone", tmp_path)
    logging.getLogger("juyan.x").error("gone", exc_info=caught.value)
    named = "ModuleNotFoundError kernel.portal.views.gone"
    assert [one.error for one in incidents.known(tmp_path)] == [named]
    assert lines(file)[-1]["error"] == named


FORMS = re.compile(r'<form\b[^>]*action="([^"]*)"[^>]*>(.*?)</form>', re.DOTALL)
FIELDS = re.compile(r'name="([^"]+)"')


def forms(page: str) -> list[tuple[str, dict[str, str]]]:
    """Action and fields of every form of a page, each field with the canary in it."""
    return [
        (unescape(action), dict.fromkeys(FIELDS.findall(inner), CANARY))
        for action, inner in FORMS.findall(page)
    ]


def test_no_field_of_any_form_and_no_header_reaches_the_log(file: Path, office: Office):
    """Every form that a clerk and a drafter meet, sent with a canary in each of its fields."""
    sent = 0
    for name in ("孙倩", "林晓梅"):
        browser = office.browser()
        browser.login(name)
        browser.get("/documents/out/new")
        made = browser.post("/documents/out/new", data={"type": "通知"})
        pages = ["/", "/login", "/me", "/documents/out/new", "/exchange/inbox", str(made.url.path)]
        pages += [f"/exchange/inbox/{CANARY}", f"/search?q={CANARY}", f"/{CANARY}"]
        for address in pages:
            page = browser.get(address).text
            for action, fields in forms(page):
                if action.endswith("/logout"):
                    continue
                browser.post(action or address, data={**fields, "extra": CANARY})
                browser.post(action or address, content=CANARY.encode())
                sent += 1
    shaped = {"user-agent", "referer", "cookie", "origin", "accept", "x-forwarded-for", CANARY}
    for header in shaped:
        office.browser().get("/login", headers={header: CANARY})
        office.browser().post("/login", headers={header: CANARY}, data={"post": CANARY})
    assert sent > 20
    assert len(lines(file)) > 2 * sent
    assert CANARY not in file.read_text("ascii")
    assert "林晓梅" not in file.read_text("ascii")


@pytest.fixture
def broken(
    office: Office, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Browser:
    """A browser at a portal whose search page fails, with a secret in its error."""
    error = getattr(request, "param", ValueError(f"the secret {CANARY}"))
    browser = office.browser()
    browser.login("孙倩")
    real = Renderer.render

    def render(self: Renderer, template: str, *args: Any, **kw: Any) -> str:
        if template == "home/search.html":
            raise error
        return real(self, template, *args, **kw)

    monkeypatch.setattr(Renderer, "render", render)
    transport: Any = browser._transport
    transport.raise_server_exceptions = False
    return browser


def test_a_defect_is_a_calm_page_a_number_and_a_place_in_the_code(
    file: Path, office: Office, broken: Browser
):
    got = broken.get(f"/search?q={CANARY}")
    assert got.status_code == 500
    assert "default-src 'none'" in got.headers["content-security-policy"]
    found = re.search(r"E-[0-9A-F]{6}", got.text)
    assert found and "ValueError" not in got.text and "Traceback" not in got.text
    assert [one["event"] for one in lines(file) if one.get("incident") == found.group()] == [
        "incident",
        "request",
    ]
    folder = office.settings.instance
    (kept,) = incidents.known(folder)
    assert (kept.number, kept.where, kept.error) == (found.group(), "GET /search", "ValueError")
    assert any("kernel/portal/views/search.py" in one for one in kept.trace)
    for one in (file, folder / "logs" / incidents.FILE):
        assert CANARY not in one.read_text("ascii")
    assert (folder / "logs" / incidents.FILE).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("broken", [SystemExit(3)], indirect=True)
def test_a_page_that_wants_to_end_the_process_is_a_defect_like_another(broken: Browser):
    assert broken.get("/search?q=x").status_code == 500
    assert broken.get("/").status_code == 200


def run(folder: Path, *arguments: str) -> Any:
    return CliRunner().invoke(main, ["--instance", str(folder), "incidents", *arguments])


def test_incidents_are_listed_and_shown_on_the_command_line(tmp_path: Path):
    numbers = []
    for where in ("GET /a", "POST /b"):
        try:
            raise KeyError(CANARY)
        except KeyError as error:
            numbers.append(incidents.keep(error, where, tmp_path))
    with (tmp_path / "logs" / incidents.FILE).open("a") as cut:
        cut.write('{"number": "E-')
    listed = run(tmp_path)
    assert all(number in listed.stdout for number in numbers)
    known = json.loads(run(tmp_path, "--json").stdout)
    assert {(one["number"], one["where"], one["error"]) for one in known} == {
        (numbers[0], "GET /a", "KeyError"),
        (numbers[1], "POST /b", "KeyError"),
    }
    shown = run(tmp_path, "show", numbers[0].lower())
    assert "test_log.py:" in shown.stdout and CANARY not in shown.stdout
    missing = run(tmp_path, "show", "E-000000")
    assert missing.exit_code == 1 and "incidents.unknown" in missing.stderr


def test_a_defect_of_a_command_is_listed_too(tmp_path: Path):
    from kernel.cli.incidents import record

    try:
        raise LookupError("x")
    except LookupError as error:
        number, _file = record(error, tmp_path)
    assert number in run(tmp_path).stdout and "LookupError" in run(tmp_path).stdout
    assert "Traceback" in run(tmp_path, "show", number).stdout
