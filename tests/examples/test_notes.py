"""The plugin of PLUGINS.md at work, as its people see it."""

import re
from pathlib import Path

import pytest

from kernel.testing_office import Browser, Office

pytestmark = pytest.mark.plugins(Path(__file__).parent / "notes")
ASKED = {"first": "2026-12-01", "days": "2", "reason": "探亲"}


def signed_in(office: Office, name: str) -> Browser:
    browser = office.browser()
    assert browser.login(name).status_code == 200
    return browser


def switch(office: Office, on: bool) -> None:
    admin = signed_in(office, "孙倩")
    answer = admin.post("/admin/plugins/notes", data={"on": "1" if on else "0", "sure": "1"})
    assert ("已启用：请假条" if on else "已停用：请假条") in answer.text


def test_leave_is_asked_for_and_granted(office: Office):
    switch(office, on=True)
    note = signed_in(office, "林晓梅").post("/notes/new", data=ASKED)
    assert "等待批准" in note.text
    director = signed_in(office, "李建国")
    assert note.url.path in director.get("/tasks").text
    asked = director.post(f"{note.url.path}/grant", data={"opinion": "同意。"})
    nonce = re.findall(r'name="nonce" value="([^"]+)"', asked.text)[0]
    done = director.post("/acts/confirm", data={"nonce": nonce})
    assert "已准假" in done.text and "同意。" in done.text
    assert note.url.path not in director.get("/tasks").text
    assert note.url.path in director.get("/search", params={"q": "请假"}).text


def test_wrong_input_is_kept_and_explained(office: Office):
    switch(office, on=True)
    answer = signed_in(office, "林晓梅").post("/notes/new", data={**ASKED, "days": "200"})
    assert answer.status_code == 422
    assert "天数请填写 1 到 60 之间的整数" in answer.text and "探亲" in answer.text


def test_switched_off_nothing_remains_and_on_again_all_is_back(office: Office):
    switch(office, on=True)
    clerk = signed_in(office, "林晓梅")
    note = clerk.post("/notes/new", data=ASKED)
    switch(office, on=False)
    assert clerk.get(note.url.path).status_code == 404
    assert "/notes/" not in clerk.get("/").text
    assert "林晓梅请假" not in signed_in(office, "李建国").get("/tasks").text
    switch(office, on=True)
    assert clerk.get(note.url.path).status_code == 200
