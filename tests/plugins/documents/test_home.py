"""The home page: cards for leaders, a list for clerks, the desks of a person, and what it costs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from kernel.acts import tasks
from kernel.acts.house.delegating import delegate
from kernel.acts.models import Opinion, Task
from kernel.crypto.ids import now, stamp
from kernel.identity.models import Post, Unit
from kernel.storage.database import connection, db, transaction
from kernel.testing_office import Browser
from plugins.documents.acts import approving
from plugins.documents.models import Document
from tests.plugins.people import CLERK, DIRECTOR, DRAFTER, HEAD, LEADER, Flow

FINANCE = "刘志强"


def signed_in(flow: Flow, name: str) -> Browser:
    browser = flow.office.browser()
    browser.login(name)
    return browser


def task_at(flow: Flow, name: str, document: Document, **values: object) -> None:
    post = flow.office.post(name)
    organ = post.unit.organ
    given = {"step": "阅知", "organ": organ, "post": post.uid, **values}
    with transaction():
        tasks.assign(document, **given)  # type: ignore[arg-type]  # as the caller says


def card_of(page: str, title: str) -> str:
    cards = re.findall(r'<article class="card matter".*?</article>', page, re.S)
    return next(card for card in cards if title in card)


def fields_of(form: str) -> dict[str, str]:
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
    return dict(hidden)


def form_of(card: str, action: str) -> tuple[str, dict[str, str]]:
    """The first form of a card that posts to this verb: its address and what goes along."""
    for form in re.findall(r"<form.*?</form>", card, re.S):
        where = re.search(r'action="([^"]+)"', form)
        if where and where[1].endswith(action):
            return where[1], fields_of(form)
    raise AssertionError(action)


@pytest.mark.both
def test_a_leader_signs_off_with_one_tap_and_comes_back_to_what_is_left(flow: Flow):
    flow.to("sign", title="中共张掖市委办公室关于做好防汛工作的通知")
    leader = signed_in(flow, LEADER)
    page = leader.get("/").text
    card = card_of(page, "防汛")
    assert "市财政局：" in card and "请审签。" in card and "根据工作安排" in card
    where, sent = form_of(card, "/sign_off")
    assert 'name="opinion" value="同意印发。"' in card
    asked = leader.post(where, data={**sent, "opinion": "同意印发。"})
    assert asked.url.path == "/acts/confirm"
    nonce = re.search(r'name="nonce" value="([^"]+)"', asked.text)
    assert nonce is not None
    done = leader.post("/acts/confirm", data={"nonce": nonce[1].replace("&#43;", "+")})
    assert done.url.path == "/"
    assert "“签发”已完成：中共张掖市委办公室关于做好防汛工作的通知。" in done.text
    assert "没有待办事项" in done.text
    with connection():
        assert Document.get().state == "number"


@pytest.mark.both
def test_a_leader_returns_and_reads_where_it_stands(flow: Flow):
    document = flow.to("sign")
    leader = signed_in(flow, LEADER)
    where, sent = form_of(card_of(leader.get("/").text, document.title), "/send_back")
    answer = leader.post(where, data={**sent, "to": "draft", "reason": "请补充依据。"})
    assert answer.url.path == "/"
    assert "已退回，现在“拟稿”" in answer.text and f"。{document.title}" in answer.text
    with connection():
        assert Opinion.select().order_by(Opinion.id.desc()).get().text == "请补充依据。"


def test_a_refusal_keeps_what_was_typed_on_the_page_of_the_document(flow: Flow):
    document = flow.to("sign")
    leader = signed_in(flow, LEADER)
    where, sent = form_of(card_of(leader.get("/").text, document.title), "/sign_off")
    answer = leader.post(where, data={**sent, "opinion": "长" * 1001})
    assert answer.status_code == 422
    assert "意见不能超过 1000 字" in answer.text and "长" * 1001 in answer.text


def test_a_return_without_a_reason_asks_for_the_reason_before_the_opinion(flow: Flow):
    document = flow.to("sign")
    leader = signed_in(flow, LEADER)
    where, sent = form_of(card_of(leader.get("/").text, document.title), "/send_back")
    answer = leader.post(where, data={**sent, "to": "draft", "reason": ""})
    assert answer.status_code == 422
    # What he types into the first box under the refusal must not become a signed opinion.
    assert answer.text.index('name="reason"') < answer.text.index('name="opinion"')
    with connection():
        assert Document.get().state == "sign"
    # Once it is written, he is back at the cards, where he came from.
    where, sent = form_of(answer.text, "/send_back")
    done = leader.post(where, data={**sent, "to": "draft", "reason": "请补充依据。"})
    assert done.url.path == "/" and "已退回，现在“拟稿”" in done.text


def test_what_was_returned_is_marked_and_says_why_beside_what_is_to_be_done(flow: Flow):
    document = flow.to("sign")
    director = signed_in(flow, DIRECTOR)
    shown = director.get(f"/documents/out/{document.uid}").text
    assert "已退回" not in shown
    flow.act(LEADER, approving.send_back, document, to="office_review", reason="请补充依据。")
    for page in ("/?view=clerk", "/?view=leader", "/tasks"):
        text = director.get(page).text
        assert re.search(r'<span class="tag tag--fast">退回</span>[^<]*' + document.title, text), (
            page
        )
        assert "退回 · " not in text
    shown = director.get(f"/documents/out/{document.uid}").text
    told = shown.index(f"{LEADER}已退回")
    assert told < shown.index("请补充依据。", told) < shown.index('name="opinion"')
    flow.act(DIRECTOR, approving.send_back, document, to="draft", reason="改写第二段。")
    drafter = signed_in(flow, DRAFTER)
    edited = drafter.get(f"/documents/out/{document.uid}/edit").text
    assert f"{DIRECTOR}已退回" in edited and "改写第二段。" in edited
    flow.do_draft(flow.fresh(document))
    assert "已退回" not in signed_in(flow, HEAD).get(f"/documents/out/{document.uid}").text


def test_of_many_recipients_a_card_names_the_first_ones(flow: Flow):
    many = ["620700-GFIN", "620700-GEDU"] * 20
    line = "、".join(f"市第{n}局" for n in range(1, 41)) + "："
    document = flow.to("sign", main=many, main_text=line)
    card = card_of(signed_in(flow, LEADER).get("/").text, document.title)
    assert "市第1局、市第2局" in card and "等 40 个单位" in card and "市第40局" not in card


def test_a_card_that_is_out_of_date_gets_the_page_of_who_comes_second(flow: Flow):
    document = flow.to("sign")
    leader = signed_in(flow, LEADER)
    where, sent = form_of(card_of(leader.get("/").text, document.title), "/sign_off")
    flow.act(LEADER, approving.send_back, document, to="draft", reason="重写")
    answer = leader.post(where, data={**sent, "opinion": "同意印发。"})
    assert answer.status_code == 409
    assert "同意印发。" in answer.text


@pytest.mark.parametrize("next_", ["//evil.example/", "https://evil.example/", "/\\evil", "x"])
def test_a_card_leads_to_our_own_pages_only(flow: Flow, next_: str):
    document = flow.to("sign")
    leader = signed_in(flow, LEADER)
    where, sent = form_of(card_of(leader.get("/").text, document.title), "/send_back")
    data = {**sent, "next": next_, "to": "draft", "reason": "请补充依据。"}
    answer = leader.post(where, data=data, follow_redirects=False)
    assert answer.headers["location"] == f"/documents/out/{document.uid}"


@pytest.mark.both
def test_another_organ_sees_neither_card_nor_count(flow: Flow):
    document = flow.to("sign")
    assert document.title not in signed_in(flow, FINANCE).get("/?view=leader").text
    with transaction():
        stranger = flow.office.post(FINANCE)
        # A task that somebody put on a stranger's post by SQL shows him neither text nor facts.
        tasks.assign(document, step="签发", organ=stranger.unit.organ, post=stranger.uid, title="x")
    page = signed_in(flow, FINANCE).get("/?view=leader").text
    assert document.title not in page and "根据工作安排" not in page
    assert "打开办理" in card_of(page, ">x<")


def test_the_most_urgent_come_first_and_the_rest_is_one_link_away(flow: Flow):
    document = flow.draft()
    moment = now()
    for n in range(9):
        due = moment + timedelta(hours=n - 2, minutes=30) if n < 4 else None
        task_at(flow, LEADER, document, title=f"事项{n}", due=due)
    page = signed_in(flow, LEADER).get("/").text
    shown = re.findall(r"事项(\d)</a></h2>", page)
    assert shown == ["0", "1", "2", "3", "8"]
    assert "还有 4 件，查看全部" in page
    assert "2 件已超期" in page


@pytest.mark.both
def test_urgent_matters_stand_before_those_that_are_due_earlier(flow: Flow):
    document = flow.draft()
    moment = now()
    degrees = ("", "加急", "平急", "特急", "特提", "加急")
    for n, urgency in enumerate(degrees):
        due = moment + timedelta(days=n) if n != 5 else moment + timedelta(hours=1)
        task_at(flow, LEADER, document, title=f"事项{n}", due=due, urgency=urgency)
    leader = signed_in(flow, LEADER)
    shown = re.findall(r"事项(\d)</a></h2>", leader.get("/").text)
    assert shown == ["4", "3", "5", "1", "2"]  # the sixth is on the list
    listed = re.findall(r"事项(\d)</a>", leader.get("/?view=clerk").text)
    assert listed[:5] == shown


def test_an_english_page_names_the_step_as_its_flow_does(flow: Flow):
    flow.to("sign", title="中共张掖市委办公室关于做好防汛工作的通知")
    flow.draft()
    leader, drafter = signed_in(flow, LEADER), signed_in(flow, DRAFTER)
    for browser in (leader, drafter):
        browser.post("/me/display", data={"language": "en"})
    for path in ("/", "/?view=clerk"):
        assert '<span class="step">Sign off</span>' in leader.get(path).text
    assert "</span>Sign off</td>" in leader.get("/tasks").text
    drafts = drafter.get("/tasks?tab=drafts").text
    # 拟稿 alone is a label of the form, too, and has another word there.
    assert "</span>Draft</td>" in drafts and "Drafted by" not in drafts
    doing = drafter.get("/tasks?tab=doing").text
    assert "</span>Sign off</td>" in doing and "签发" not in doing


def test_the_form_of_the_page_follows_the_post_and_can_be_changed(flow: Flow):
    leader, clerk = signed_in(flow, LEADER), signed_in(flow, CLERK)
    flow.to("sign")
    assert 'class="card matter"' in leader.get("/").text
    listed = leader.get("/?view=clerk").text
    assert 'class="card matter"' not in listed and "卡片视图" in listed
    assert 'class="tabs"' in clerk.get("/").text
    assert "卡片视图" not in clerk.get("/").text


def test_nothing_to_do_says_so(flow: Flow):
    assert "没有待办事项" in signed_in(flow, LEADER).get("/").text


@pytest.mark.both
def test_every_desk_of_a_person_stands_there_with_what_waits(flow: Flow):
    with transaction():
        drafter = flow.office.post(DRAFTER)
        second = Post.create(
            person=drafter.person, unit=Unit.by_code("620700-INFO"), title="联络员",
            roles=["document_clerk"], rank=200,
        )  # fmt: skip
    document = flow.draft()
    with transaction():
        tasks.assign(document, step="x", organ="620700-INFO", post=second.uid, title="信息化事项")
    browser = signed_in(flow, DRAFTER)
    page = browser.get("/").text
    strip = re.search(r'<section class="desks".*?</section>', page, re.S)
    assert strip is not None
    assert "联络员" in strip[0] and "待办 1" in strip[0]
    assert "信息化事项" not in page
    moved = browser.post("/me/desk", data={"post": second.uid})
    assert "已切换办公身份" in moved.text and "信息化事项" in moved.text
    assert 'class="desks"' not in signed_in(flow, CLERK).get("/").text


@pytest.mark.both
def test_a_delegation_is_seen_by_both_sides(flow: Flow):
    clerk = flow.office.post(CLERK)
    period = {"starts": stamp(now()), "ends": stamp(now() + timedelta(days=2))}
    taker = {"taker": clerk.uid, "person": clerk.person.uid}
    names = ["documents.office_review", "documents.send_back"]
    flow.act(DIRECTOR, delegate, kind="delegate", names=names, **taker, **period)
    document = flow.to("office_review")
    given = signed_in(flow, DIRECTOR).get("/").text
    assert re.search(r"您的 2 项工作由孙倩（[^）]+）代办", given)
    browser = signed_in(flow, CLERK)
    page = browser.get("/").text
    place = re.search(r'value="(delegation:[^"]+)"', page)
    assert place is not None and f"代 {DIRECTOR}" in page
    browser.post("/me/desk", data={"post": place[1]})
    card = card_of(browser.get("/?view=leader").text, document.title)
    where, sent = form_of(card, "/office_review")
    done = browser.post(where, data={**sent, "opinion": "同意，请领导签发。"})
    assert done.url.path == "/"
    with connection():
        said = Opinion.select().order_by(Opinion.id.desc()).get()
    assert said.person_name == f"{CLERK}（受{DIRECTOR}委托）"


def test_a_transcriber_is_sent_to_the_page_that_takes_the_scan(flow: Flow):
    drafter = flow.office.post(DRAFTER)
    period = {"starts": stamp(now()), "ends": stamp(now() + timedelta(days=2))}
    taker = {"taker": drafter.uid, "person": drafter.person.uid}
    names = ["documents.sign_off"]
    flow.act(LEADER, delegate, kind="transcribe", names=names, **taker, **period)
    document = flow.to("sign")
    browser = signed_in(flow, DRAFTER)
    place = re.search(r'value="(delegation:[^"]+)"', browser.get("/").text)
    assert place is not None
    browser.post("/me/desk", data={"post": place[1]})
    card = card_of(browser.get("/").text, document.title)
    assert "sign_off" not in card and "打开办理" in card


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that are run meanwhile."""
    said: list[str] = []
    database = db.obj
    run = database.execute_sql

    def noted(sql: str, *rest: object, **more: object) -> object:
        said.append(sql)
        return run(sql, *rest, **more)

    database.execute_sql = noted
    try:
        yield said
    finally:
        del database.execute_sql


@pytest.mark.both
def test_the_page_asks_no_more_for_many_tasks_than_for_few(flow: Flow):
    document = flow.to("sign")
    task_at(flow, LEADER, document)
    leader = signed_in(flow, LEADER)
    with counted() as few:
        leader.get("/")
    for _ in range(3):
        again = flow.to("sign")
        task_at(flow, LEADER, again)
    for n in range(40):
        task_at(flow, LEADER, document, title=f"事项{n}", due=now())
    leader.get("/")
    with counted() as many:
        leader.get("/")
    assert len(many) <= len(few), "\n".join(many)
    with connection():
        assert Task.select().where(Task.done.is_null()).count() > 40


def test_after_one_is_done_the_way_leads_to_what_waits_next(flow: Flow):
    first, second = flow.to("section_review", title="关于甲的通知"), flow.to("section_review")
    browser = flow.office.browser()
    browser.login(HEAD)
    for document, left in ((first, True), (second, False)):
        place = f"/documents/out/{document.uid}"
        data = {"version": str(flow.fresh(document).version), "opinion": "同意"}
        page = browser.post(f"{place}/actions/review", data=data).text
        assert "已办理，下一步" in page and ("办下一件" in page) is left
        assert (f'href="/documents/out/{second.uid}">办下一件' in page) is left
