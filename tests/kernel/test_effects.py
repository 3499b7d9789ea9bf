"""Effects that fail: what only waits is never given up, what is given up is seen and done again."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kernel import cli
from kernel.acts import outbox
from kernel.acts.models import Act, Effect
from kernel.acts.outbox import Handlers
from kernel.crypto import ids
from kernel.errors import Conflict, OfficeError, Unavailable
from kernel.node import open_node
from kernel.storage.database import connection, transaction
from kernel.testing_office import Browser, Office, settings_of
from kernel.work import incidents

pytestmark = pytest.mark.both
AWAY = Unavailable("signer.slow", "签章程序没有应答。请稍候。", "The signer does not answer; wait.")
REFUSED = Conflict(
    "toy.refused", "编号已被占用。请换一个。", "The number is taken; use another one."
)
DEFECT = ValueError("the title of a secret document")


class Toy:
    """A handler that fails as long as it is told to."""

    def __init__(self) -> None:
        self.error: BaseException | None = None
        self.done: list[str] = []

    def __call__(self, payload: dict[str, Any]) -> None:
        if self.error is not None:
            raise self.error
        self.done.append(payload["name"])


@pytest.fixture
def toy(office: Office) -> Toy:
    outbox.drain()
    made = Toy()
    outbox.handlers.fill(Handlers({"toy": made}, office.settings.instance))
    return made


def queue(*names: str) -> None:
    with connection():
        act = Act.select().order_by(Act.id.desc()).get().uid
    with transaction():
        for name in names:
            outbox.put("toy", name, {"name": name}, act=act)


def tried(times: int) -> None:
    """So many times, whatever the pauses between."""
    for _ in range(times):
        with transaction():
            Effect.update(due=ids.now() - timedelta(hours=1)).where(
                Effect.state == "queued"
            ).execute()
        outbox.drain()


def row(name: str) -> Effect:
    with connection():
        found: Effect = Effect.get(Effect.key == f"toy:{name}")
    return found


def given_up(toy: Toy, error: BaseException, *names: str) -> None:
    toy.error = error
    queue(*names)
    tried(1)
    with transaction():
        Effect.update(failures=outbox.FAILURES - 1).where(Effect.handler == "toy").execute()
    tried(1)
    toy.error = None
    assert {row(name).state for name in names} == {"failed"}


@pytest.mark.parametrize(
    "error",
    [AWAY, ConnectionRefusedError(111, "refused"), OSError(28, "No space left on device")],
    ids=["a part that is away", "a socket", "a full disk"],
)
def test_what_is_merely_away_is_tried_for_ever(toy: Toy, error: BaseException):
    toy.error = error
    queue("a")
    tried(outbox.FAILURES + 10)
    found = row("a")
    assert (found.state, found.failures) == ("queued", 0)
    assert found.attempts == outbox.FAILURES + 10
    toy.error = None
    tried(1)
    assert (row("a").state, toy.done) == ("done", ["a"])


def test_the_pauses_grow_up_to_a_quarter_of_an_hour(toy: Toy):
    toy.error = AWAY
    queue("a")
    moment = ids.now()
    ids.set_clock(lambda: moment)
    try:
        pauses = []
        for _ in range(14):
            tried(1)
            pauses.append((row("a").due - moment).total_seconds())
    finally:
        ids.set_clock(None)
    assert 2 <= pauses[0] <= 4
    assert all(later > sooner for sooner, later in zip(pauses[:7:2], pauses[2:9:2], strict=True))
    assert all(450 <= one <= 900 for one in pauses[9:])


def test_what_nobody_handles_waits_for_its_plugin(office: Office, toy: Toy):
    outbox.handlers.fill(Handlers({}, office.settings.instance))
    queue("a")
    tried(outbox.FAILURES + 1)
    assert (row("a").state, row("a").reason["code"]) == ("queued", "outbox.no_handler")
    outbox.handlers.fill(Handlers({"toy": toy}))
    tried(1)
    assert toy.done == ["a"]


def test_failures_count_and_mere_waiting_does_not(toy: Toy):
    toy.error = REFUSED
    queue("a")
    tried(outbox.FAILURES - 1)
    toy.error = AWAY
    tried(5)
    assert (row("a").state, row("a").failures) == ("queued", outbox.FAILURES - 1)
    toy.error = REFUSED
    tried(1)
    assert row("a").state == "failed"
    tried(1)
    assert row("a").attempts == outbox.FAILURES + 5


def test_a_defect_has_one_number_and_its_text_is_never_shown(office: Office, toy: Toy):
    given_up(toy, DEFECT, "a")
    number = row("a").reason["incident"]
    known = [one.number for one in incidents.known(office.settings.instance)]
    assert known == [number]
    browser = office.browser()
    browser.login("杨帆")
    page = browser.get("/admin/effects").text
    assert number in page and "故障编号" in page and str(DEFECT) not in page


def english(office: Office) -> Browser:
    browser = office.browser()
    browser.cookies.set("lang", "en")
    browser.login("杨帆")
    return browser


def test_the_administrator_sees_it_at_home_and_has_it_done_again(office: Office, toy: Toy):
    given_up(toy, REFUSED, "a", "b")
    browser = office.browser()
    assert "2 项后台事项没有办成" in browser.login("杨帆").text
    page = browser.get("/admin/effects")
    assert page.status_code == 200
    assert page.text.count("编号已被占用。请换一个。") == 2 and "已停办" in page.text
    assert "The number is taken; use another one." in english(office).get("/admin/effects").text
    answer = browser.post("/admin/effects/again", data={"t": "toy:a"})
    assert "已安排重新办理 1 项" in answer.text
    outbox.drain()
    assert (row("a").state, row("b").state, toy.done) == ("done", "failed", ["a"])
    with connection():
        deed = Act.select().order_by(Act.id.desc()).get()
        assert deed.verb == "house.do_again" and b"toy:a" in bytes(deed.bytes)
    browser.post("/admin/effects/again", data={"all": "1"})
    outbox.drain()
    assert toy.done == ["a", "b"]
    assert "没有办成" not in browser.get("/").text
    assert "全部按时办成" in browser.get("/admin/effects").text


def test_what_fails_again_is_given_up_again(office: Office, toy: Toy):
    given_up(toy, REFUSED, "a")
    browser = office.browser()
    browser.login("杨帆")
    browser.post("/admin/effects/again", data={"t": "toy:a"})
    assert (row("a").state, row("a").failures) == ("queued", 0)
    toy.error = REFUSED
    tried(outbox.FAILURES - 1)
    assert row("a").state == "queued"
    tried(1)
    assert row("a").state == "failed"


def test_what_waits_for_long_is_seen_as_well_and_begun_at_once(office: Office, toy: Toy):
    toy.error = AWAY
    queue("a")
    tried(outbox.LONG - 1)
    browser = office.browser()
    assert "没有办成" not in browser.login("杨帆").text
    tried(1)
    assert "1 项后台事项没有办成" in browser.get("/").text
    assert "重试中" in browser.get("/admin/effects?state=waiting").text
    assert "没有符合这些条件的内容" in browser.get("/admin/effects?state=given_up").text
    toy.error = None
    browser.post("/admin/effects/again", data={"t": "toy:a"})
    outbox.drain()
    assert toy.done == ["a"]


def test_who_may_not_sees_and_does_nothing(office: Office, toy: Toy):
    given_up(toy, REFUSED, "a")
    for name in ("孙倩", "何静", "高峰"):
        browser = office.browser()
        assert "后台事项" not in browser.login(name).text
        assert browser.get("/admin/effects").status_code == 403
        answer = browser.post("/admin/effects/again", data={"t": "toy:a"})
        assert answer.status_code == 403
    assert row("a").state == "failed"


@pytest.mark.parametrize("chosen", [[], ["toy:none"], ["toy:a"] * 501], ids=["0", "gone", "501"])
def test_nothing_chosen_gone_or_too_many_is_a_sentence(office: Office, toy: Toy, chosen: list[str]):
    given_up(toy, REFUSED, "a")
    browser = office.browser()
    browser.login("杨帆")
    page = browser.post("/admin/effects/again", data={"t": chosen}).text
    assert "请选择 1 到 500 项" in page or "请刷新页面查看" in page
    assert row("a").state == "failed"


def test_a_long_list_has_pages(office: Office, toy: Toy):
    given_up(toy, REFUSED, *(f"n{number:02}" for number in range(25)))
    browser = office.browser()
    browser.login("杨帆")
    first = browser.get("/admin/effects").text
    assert "toy:n24" in first and "toy:n04" not in first
    onward = first.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
    second = browser.get(onward.replace("&amp;", "&")).text
    assert "toy:n04" in second and "toy:n24" not in second


Run = Callable[..., Any]


@pytest.fixture
def run(office_folder: Path) -> Run:
    def command(*arguments: str) -> Any:
        return CliRunner().invoke(cli.main, ["--instance", str(office_folder), *arguments])

    return command


def test_the_command_lists_them_and_has_them_done_again(office_folder: Path, run: Run):
    assert (run("outbox").exit_code, "没有未办成的" in run("outbox").stdout) == (0, True)
    facts: OfficeError = REFUSED
    reason = {"code": facts.code, "zh": facts.zh, "en": facts.en}
    with open_node(settings_of(office_folder)), transaction():
        for key in ("search.tidy:1", "search.tidy:2"):
            Effect.create(
                handler="exchange.tell", key=key, state="failed", attempts=50, failures=50,
                payload={"what": "x", "act": "", "deliveries": []}, reason=reason,
            )  # fmt: skip
    shown = run("outbox")
    assert shown.exit_code == 1
    assert "search.tidy:1" in shown.stdout and "编号已被占用" in shown.stderr
    listed = json.loads(run("outbox", "--json").stdout)
    assert [one["uid"] for one in listed["effects"]] == ["search.tidy:1", "search.tidy:2"]
    assert listed["effects"][0]["reason"] == reason and not listed["ok"]
    assert run("outbox", "--again", "nothing").exit_code == 1
    assert run("outbox", "--again", "x", "--again-all").exit_code == 2
    run("outbox", "--again", "search.tidy:1")
    with open_node(settings_of(office_folder)), connection():
        attempts = {one.key: one.attempts for one in Effect.select().where(Effect.attempts >= 50)}
    assert attempts == {"search.tidy:1": 51, "search.tidy:2": 50}
    again = json.loads(run("outbox", "--again-all", "--json").stdout)
    assert again["again"] >= 1
    assert "退出码" in run("outbox", "--help").output
