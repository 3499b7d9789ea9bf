"""Printing: the pages on a page for paper; that they were taken out of the system is in the log."""

from __future__ import annotations

import re

from kernel.acts.models import Act
from kernel.crypto import canonical
from kernel.storage.database import connection
from tests.plugins.documents.test_home import FINANCE, signed_in
from tests.plugins.people import CLERK, DRAFTER, Flow


def taken_out(flow: Flow) -> list[str]:
    with connection():
        rows = Act.select(Act.bytes).where(Act.verb == "house.read_out").order_by(Act.id)
        return [canonical.loads(bytes(row.bytes))["params"]["what"] for row in rows]


def test_the_button_of_the_pages_leads_to_a_page_for_paper_that_is_noted_once(flow: Flow):
    document = flow.to("office_review")
    clerk = signed_in(flow, CLERK)
    body = clerk.get(f"/documents/out/{document.uid}?tab=body").text
    link = re.search(r'href="(/documents/out/[^"]+/print/body)"', body)
    assert link is not None and taken_out(flow) == []
    page = clerk.get(link[1]).text
    assert "打印已记入日志：孙倩" in page and 'data-print=""' in page
    assert 'loading="lazy"' not in page and "正在排版第 1 页…" in page
    assert "下载 PDF" not in page  # a proof has no file yet
    clerk.get(link[1])
    assert taken_out(flow) == [f"打印正文：{document.uid}"]
    elsewhere = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    signed_in(flow, DRAFTER).get(link[1], headers=elsewhere)
    assert len(taken_out(flow)) == 1
    assert signed_in(flow, FINANCE).get(link[1]).status_code == 404


def test_signing_out_says_so_and_leads_to_the_sign_in(flow: Flow):
    clerk = signed_in(flow, CLERK)
    page = clerk.post("/logout")
    assert page.url.path == "/login" and "已退出登录。继续办公请重新登录" in page.text
    assert "已退出登录" not in clerk.get("/login").text
