"""docs/themes.md: the theme that it shows is written down, checked, and seen on the pages."""

from __future__ import annotations

import json
import re
from pathlib import Path

from click.testing import CliRunner

from kernel import cli
from kernel.node import open_node
from kernel.settings import ROOT
from kernel.testing_office import Office, settings_of

PAGE = (ROOT / "docs/themes.md").read_text("utf-8")
FAULTY = "@layer theme { :root { --brand-800: #e0e0e0; } }"


def shown(kind: str) -> str:
    return str(re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)[0])


def write_theme(instance: Path) -> Path:
    folder = instance / "themes/ganzhou"
    folder.mkdir(parents=True)
    (folder / "theme.toml").write_text(shown("toml"), "utf-8")
    (folder / "tokens.css").write_text(shown("css"), "utf-8")
    return folder


def test_the_theme_of_the_page_is_used_by_the_organ_that_chooses_it(office_folder: Path):
    write_theme(office_folder)
    with open_node(settings_of(office_folder)) as node:
        office = Office(settings_of(office_folder), node)
        admin = office.browser()
        admin.login("孙倩")
        assert "甘州绿" in admin.get("/admin/look").text
        home = admin.post("/admin/look", data={"theme": "ganzhou"}).text
        assert 'data-theme="ganzhou"' in home and "甘州区综合办公系统" in home
        sheet = re.findall(r'href="(/static/ganzhou/tokens\.css\?v=[0-9a-f]+)"', home)
        assert "--brand-800: #0a3d2e" in admin.get(sheet[0]).text
        assert 'data-theme="ganzhou"' in office.browser().get("/login?unit=620700-CPCO").text
        assert 'data-theme="ganzhou"' not in office.browser().get("/login").text
        office.close()


def test_the_command_and_the_page_say_why_a_theme_is_left_out(office_folder: Path):
    folder = write_theme(office_folder)

    def run(*arguments: str) -> tuple[int, str]:
        said = CliRunner().invoke(
            cli.main, ["--instance", str(office_folder), "themes", *arguments]
        )
        return said.exit_code, said.output

    code, text = run("--json")
    themes = {one["id"]: one for one in json.loads(text)["themes"]}
    assert code == 0 and themes["ganzhou"]["extends"] == "default"
    (folder / "tokens.css").write_text(FAULTY, "utf-8")
    code, text = run()
    assert code == 1 and "--on-brand / --brand-800" in text
    (folder / "templates").mkdir()
    (folder / "templates/x.html").write_text("{{ 1 }}")
    assert "x.html" in run()[1]
    (folder / "templates/x.html").unlink()
    with open_node(settings_of(office_folder)) as node:
        office = Office(settings_of(office_folder), node)
        admin = office.browser()
        admin.login("孙倩")
        page = admin.get("/admin/look").text
        assert "--on-brand / --brand-800" in page and "docs/themes.md" in page
        office.close()
