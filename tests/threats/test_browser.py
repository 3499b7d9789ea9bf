"""Row 18 in a real browser: what stands in titles and names makes nothing happen."""

from __future__ import annotations

from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Route

from kernel.identity.models import Person
from kernel.storage.database import connection, transaction
from kernel.testing_office import ORIGIN, Office
from plugins.documents.models import Document
from tests.threats.test_web import SCRIPTS

WATCH = """
window.trouble = [];
addEventListener("securitypolicyviolation", e => trouble.push(e.violatedDirective + e.blockedURI));
"""


def test_no_script_in_a_title_runs_and_none_is_even_stopped_by_the_policy(
    office: Office, browser: Chromium
):
    """Were one only stopped by the policy, the browser would report it."""
    client = office.browser()
    client.login("林晓梅")
    trouble: list[str] = []

    def served(route: Route) -> None:
        wanted = route.request.url
        if not wanted.startswith(ORIGIN):
            trouble.append(f"asked for {wanted}")
            route.abort()
            return
        got = client.get(wanted)
        route.fulfill(status=got.status_code, headers=dict(got.headers), body=got.content)

    context = browser.new_context()
    page = context.new_page()
    page.route("**/*", served)
    page.add_init_script(WATCH)
    page.on("dialog", lambda dialog: (trouble.append(dialog.message), dialog.dismiss()))
    with connection():
        document = Document.get()
    author = office.post("王芳").person
    for first in range(0, len(SCRIPTS), 5):
        text = " ".join(SCRIPTS[first : first + 5])
        with transaction():
            Document.update(title=text).where(Document.id == document.id).execute()
            Person.update(name=text).where(Person.id == author.id).execute()
        for path in ("/documents/out", f"/documents/out/{document.uid}"):
            page.goto(f"{ORIGIN}{path}")
            trouble += page.evaluate("window.trouble")
        assert SCRIPTS[first] in page.inner_text("body"), "it is shown as it was written"
    context.close()
    assert trouble == []
