"""Signs that are none (U+FFFE, U+FFFF): refused where they are typed, left out of an export."""

import io

import pytest
from openpyxl import load_workbook

from kernel.storage.database import transaction
from kernel.testing_office import Office
from plugins.documents.models import Document

NONE = "\ufffe\uffff"


@pytest.mark.both
def test_no_title_holds_one_and_a_list_with_one_is_exported(office: Office) -> None:
    browser = office.browser()
    browser.login("林晓梅")
    made = browser.post("/documents/out/new", data={"type": "通知"}, follow_redirects=False)
    for sign in NONE:
        title = f"关于{sign}的通知"
        got = browser.post(made.headers["location"], data={"title": title, "do": "save"})
        assert got.status_code == 422 and "无法保存的字符" in got.text
        got = browser.get("/documents/out", params={"q": sign})
        assert got.status_code == 422 and "无法保存的字符" in got.text
    with transaction():  # as an older version, or the package of another house, left it
        Document.update(title=f"关于{NONE}值班的通知").execute()
    got = browser.get("/documents/out?tab=drafts&export=xlsx")
    assert got.status_code == 200
    cells = [cell.value for row in load_workbook(io.BytesIO(got.content)).active for cell in row]
    assert "关于值班的通知" in cells
