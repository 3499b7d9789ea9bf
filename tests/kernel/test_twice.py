"""What is sent twice is done once, and the second time shows what came of the first."""

import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kernel.acts import answers, gate
from kernel.acts.house import rollout
from kernel.acts.models import Act, Answer, Proposal
from kernel.identity.models import Post, Unit
from kernel.portal.form_tokens import FormTokens
from kernel.storage.database import connection, savepoint, transaction
from kernel.testing_office import Browser, Office
from plugins.documents.models import Document

NEW = "/documents/out/new"


def token_of(page: str, action: str) -> str:
    """The token of the form that posts there."""
    found = re.search(
        rf'<form[^>]*action="{re.escape(action)}[^>]*><input type="hidden" name="once" '
        r'value="([^"]+)"',
        page,
    )
    assert found, action
    return found.group(1)


def drafter(office: Office) -> tuple[Browser, dict[str, str]]:
    browser = office.browser()
    browser.login("林晓梅")
    return browser, {"type": "通知", "once": token_of(browser.get(NEW).text, NEW)}


def documents() -> int:
    with connection():
        return int(Document.select().count())


def test_a_form_sent_twice_begins_one_document(office: Office):
    browser, form = drafter(office)
    before = documents()
    first, again = browser.post(NEW, data=form), browser.post(NEW, data=form)
    assert first.status_code == again.status_code == 200
    assert first.url == again.url
    assert "没有重复办理" in again.text and "没有重复办理" not in first.text
    assert documents() == before + 1


def test_a_form_does_nothing_at_another_desk_than_its_own(office: Office):
    browser, form = drafter(office)
    first = office.post("林晓梅")
    with connection():
        education = Unit.get(Unit.code == "620700-GEDU")
    with transaction():
        second: Post = Post.create(
            person=first.person, unit=education, title="兼职", roles=first.roles, rank=90
        )
    before = documents()
    browser.post("/me/desk", data={"post": second.uid})  # in another tab
    refused = browser.post(NEW, data=form)
    assert refused.status_code == 412 and "另一个办公身份" in refused.text
    assert documents() == before
    back = {"post": first.uid, "once": token_of(browser.get("/me").text, "/me/desk")}
    browser.post("/me/desk", data={"post": second.uid})
    assert browser.post("/me/desk", data=back).status_code == 200, "switching is always possible"
    assert browser.post(NEW, data=form).status_code == 200 and documents() == before + 1


def test_other_content_is_another_intention(office: Office):
    browser, form = drafter(office)
    before = documents()
    browser.post(NEW, data=form)
    browser.post(NEW, data=form | {"type": "函"})
    assert documents() == before + 2


def test_the_form_drawn_anew_is_another_intention(office: Office):
    browser, form = drafter(office)
    _, fresh = drafter(office)
    before = documents()
    browser.post(NEW, data=form)
    browser.post(NEW, data=fresh)
    assert documents() == before + 2


def test_the_token_of_somebody_else_is_nothing(office: Office):
    browser, form = drafter(office)
    other, _ = drafter(office)
    before = documents()
    browser.post(NEW, data=form)
    other.post(NEW, data=form)
    assert documents() == before + 2


def test_a_form_that_was_refused_can_be_sent_again(office: Office):
    browser, form = drafter(office)
    before = documents()
    assert browser.post(NEW, data=form | {"type": "没有的"}).status_code == 422
    assert browser.post(NEW, data=form | {"type": "没有的"}).status_code == 422
    browser.post(NEW, data=form)
    assert documents() == before + 1


def test_a_form_is_taken_when_that_is_committed_and_not_before(office: Office):
    form = answers.Form("a key", "a session")
    with answers.sent_with(form):
        with pytest.raises(ZeroDivisionError), transaction():
            answers.take()
            answers.take()
            raise ZeroDivisionError
        assert not form.taken and answers.find(form) is None
        with transaction():
            with pytest.raises(ZeroDivisionError), savepoint():
                answers.take()
                raise ZeroDivisionError
            answers.take()
            answers.take()
            assert not form.taken
        assert form.taken and answers.find(form) is not None
        with transaction():
            answers.take()
    with answers.sent_with(answers.Form("a key", "a session")), pytest.raises(answers.Answered):
        with transaction():
            answers.take()


def test_saved_but_not_submitted_is_no_answer(office: Office):
    """The first act of a request counts for nothing where the second one is refused."""
    browser, form = drafter(office)
    edit = browser.post(NEW, data=form)
    action = edit.url.path
    said = {"once": token_of(edit.text, action), "do": "submit", "type": "通知", "title": "题目"}
    version = re.search(r'name="version"[^>]*value="(\d+)"', edit.text)
    assert version
    first = browser.post(action, data=said | {"version": version.group(1)})
    assert first.status_code == 422
    with connection():
        assert Answer.select().where(Answer.place == "").count() == 0


def test_two_clicks_at_the_same_moment_begin_one_document(office: Office):
    browser, form = drafter(office)
    before = documents()
    got: list[Any] = []
    start = threading.Barrier(4)

    def click() -> None:
        mine = office.browser()
        mine.cookies.update(browser.cookies)
        start.wait()
        got.append(mine.post(NEW, data=form, follow_redirects=False))

    threads = [threading.Thread(target=click) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert documents() == before + 1
    assert [one.status_code for one in got] == [303] * 4


def test_a_script_that_saves_while_somebody_types_is_not_held_back(office: Office):
    browser, form = drafter(office)
    headers = {"sec-fetch-mode": "cors", "sec-fetch-site": "same-origin"}
    before = documents()
    for _ in range(2):
        browser.post(NEW, data=form, headers=headers)
    assert documents() == before + 2


def confirming(browser: Browser) -> str:
    """The nonce of the proposal to advance the phase, ready to be signed."""
    page = browser.get("/admin/rollout").text
    phase = re.search(r'name="phase" value="(\d)"', page)
    data = {"once": token_of(page, "/admin/rollout"), "phase": phase.group(1) if phase else "2"}
    page = browser.post("/admin/rollout", data=data).text
    found = re.search(r'name="nonce" value="([^"]+)"', page)
    assert found
    return found.group(1)


def proposals() -> int:
    with connection():
        return int(Proposal.select().count())


@pytest.fixture
def admin(office: Office) -> Browser:
    browser = office.browser()
    browser.login("杨帆")
    return browser


def test_a_nonce_sent_twice_shows_the_result_of_the_first_time(admin: Browser):
    nonce = confirming(admin)
    first = admin.post("/acts/confirm", data={"nonce": nonce})
    again = admin.post("/acts/confirm", data={"nonce": nonce})
    back = admin.get("/acts/confirm", params={"nonce": nonce})
    assert {first.status_code, again.status_code, back.status_code} == {200}
    assert first.url == again.url == back.url
    assert all("已提出，等待另一人复核" in one.text for one in (first, again, back))
    assert proposals() == 1


def test_a_used_nonce_says_nothing_to_another_session(office: Office, admin: Browser):
    nonce = confirming(admin)
    admin.post("/acts/confirm", data={"nonce": nonce})
    stranger = office.browser()
    stranger.login("何静")
    assert stranger.post("/acts/confirm", data={"nonce": nonce}).status_code == 409


def test_whoever_loses_the_answer_finds_it_after_signing_in_again(office: Office, admin: Browser):
    """The signature has changed the session's token, and nobody received the new one."""
    nonce, before = confirming(admin), dict(admin.cookies)
    admin.post("/acts/confirm", data={"nonce": nonce})
    cut_off = office.browser()
    cut_off.cookies.update(before)
    sent = cut_off.post("/acts/confirm", data={"nonce": nonce})
    assert sent.status_code == 401
    again = office.browser()
    again.login("杨帆")
    assert "已提出，等待另一人复核" in again.get("/acts/confirm", params={"nonce": nonce}).text
    assert "已提出，等待另一人复核" in again.post("/acts/confirm", data={"nonce": nonce}).text
    assert proposals() == 1


def test_back_and_submit_leads_to_what_was_signed(office: Office, admin: Browser):
    """The form before the signature, sent again after it: no second page to sign."""
    page = admin.get("/admin/rollout").text
    phase = re.search(r'name="phase" value="(\d)"', page)
    data = {"once": token_of(page, "/admin/rollout"), "phase": phase.group(1) if phase else "2"}
    confirm = admin.post("/admin/rollout", data=data)
    assert admin.post("/admin/rollout", data=data).url == confirm.url
    nonce = re.search(r'name="nonce" value="([^"]+)"', confirm.text)
    assert nonce
    admin.post("/acts/confirm", data={"nonce": nonce.group(1)})
    again = admin.post("/admin/rollout", data=data)
    assert "已提出，等待另一人复核" in again.text
    assert proposals() == 1


RIVAL = """
import sys
from dataclasses import replace
from pathlib import Path
from kernel.acts import answers, gate
from kernel.errors import OfficeError
from kernel.identity import sessions
from kernel.identity.authenticators import authenticators
from kernel.node import open_node
from kernel.settings import load
from kernel.storage.database import connection, transaction

folder, token, nonce, go = Path(sys.argv[1]), *sys.argv[2:5]
with open_node(replace(load(folder, {}), origin="http://testserver")):
    with transaction():
        desk = sessions.find(token, "http://testserver")
    act = gate.recall(desk, nonce)
    signature = authenticators().get("soft").sign(desk.credential, act.statement.bytes)
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        gate.perform(desk, act, signature)
        said = "won"
    except OfficeError as error:
        said = error.code
    outcome = answers.of_nonce(desk, nonce)
    print(said, outcome.verb, flush=True)
"""


def test_one_nonce_in_two_processes_one_wins_and_both_know_the_result(office: Office):
    from kernel.identity import sessions
    from kernel.identity.models import Credential
    from kernel.settings import ROOT
    from kernel.storage.database import transaction

    post = office.post("杨帆")
    with transaction():
        key = Credential.get(Credential.person == post.person.uid)
        token = sessions.start(post, key.uid)
        desk = sessions.find(token, office.settings.public_origin)
    assert desk is not None
    act = gate.prepare(desk, rollout.advance, phase=2, back="/admin/rollout")
    command = [sys.executable, "-c", RIVAL, str(office.settings.instance), token, act.nonce, "go"]
    rivals = [
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        for _ in range(2)
    ]
    for one in rivals:
        assert one.stdout is not None and one.stdout.readline() == "ready\n"
    for one in rivals:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    said = sorted(one.communicate()[0].strip() for one in rivals)
    assert said == ["acts.used house.advance", "won house.advance"]
    assert proposals() == 1
    outcome = answers.of_nonce(desk, act.nonce)
    assert outcome is not None and outcome.proposed and outcome.place == "/admin/rollout"
    with connection():
        assert Act.select().where(Act.nonce == act.nonce).count() == 1


@pytest.mark.parametrize(
    "form",
    [
        '<form method="post" action="/x">',
        '<form class="a > b" method="post">',
        '<form method="post" action="{{ url(1 > 0) }}" {% if a > b %}data-x{% endif %}>',
        '<form\n  method="post"\n>',
    ],
)
def test_every_form_that_posts_gets_a_token(form: str, tokens: Callable[[str], str]):
    assert tokens(f"{form}<input></form>") == f"{form}{{{{ form_token() }}}}<input></form>"


@pytest.mark.parametrize("form", ['<form action="/x">', '<form method="get">', "<formula>"])
def test_a_form_that_only_asks_gets_none(form: str, tokens: Callable[[str], str]):
    assert tokens(form) == form


@pytest.fixture
def tokens() -> Callable[[str], str]:
    from jinja2 import Environment

    return lambda source: FormTokens(Environment(autoescape=True)).preprocess(source, None)


def test_every_form_in_the_house_gets_a_token():
    """No template writes its form in a way that the rule does not see."""
    from kernel.settings import ROOT

    found = 0
    for file in [*Path(ROOT, "kernel").rglob("*.html"), *Path(ROOT, "plugins").rglob("*.html")]:
        text = re.sub(r"\{#.*?#\}", "", file.read_text("utf-8"), flags=re.DOTALL)
        from jinja2 import Environment

        drawn = FormTokens(Environment(autoescape=True)).preprocess(text, None)
        posts = len(re.findall(r'<form[^>]*?method="post"', text))
        assert drawn.count("form_token()") == posts, file
        found += posts
    assert found > 15
