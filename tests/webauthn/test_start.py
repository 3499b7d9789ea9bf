"""At which addresses a node with security keys opens, and where soft keys do not."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from kernel.errors import Invalid, Unavailable
from kernel.node import open_node
from kernel.settings import ROOT, Settings, load
from plugins.webauthn.place import place_of


@pytest.mark.parametrize(
    ("origin", "demo", "rp_id"),
    [
        ("https://oa.zhangye.gov.cn", False, "oa.zhangye.gov.cn"),
        ("https://oa.zhangye.gov.cn:8443", False, "oa.zhangye.gov.cn"),
        ("http://localhost:8000", False, "localhost"),
        ("http://localhost:8000", True, "localhost"),
        ("http://testserver", True, "testserver"),
    ],
)
def test_the_site_is_the_host_of_the_origin(origin: str, demo: bool, rp_id: str):
    place = place_of(Settings(origin=origin, demo=demo))
    assert (place.rp_id, place.origin) == (rp_id, origin)


@pytest.mark.parametrize("host", ["192.168.1.5", "127.0.0.1", "[::1]", "[2001:db8::1]"])
@pytest.mark.parametrize("demo", [True, False])
def test_an_ip_address_is_no_site(host: str, demo: bool):
    with pytest.raises(Invalid, match=r"webauthn\.address"):
        place_of(Settings(origin=f"https://{host}:8000", demo=demo))


def test_a_real_node_is_reached_by_https():
    with pytest.raises(Invalid, match=r"webauthn\.https"):
        place_of(Settings(origin="http://oa.zhangye.gov.cn"))


def test_a_node_at_an_ip_address_does_not_start(office_folder: Path):
    settings = replace(load(office_folder, {}), demo=True, origin="http://192.168.1.5:8000")
    with pytest.raises(Unavailable) as error, open_node(settings):
        pass
    assert error.value.code == "node.required" and "IP" in error.value.zh


def test_soft_keys_brought_to_a_real_node_stop_its_start(
    office_folder: Path, monkeypatch: pytest.MonkeyPatch
):
    """Somebody takes the line from the plugin's manifest that keeps it out."""
    changed = office_folder / "changed"
    shutil.copytree(ROOT / "plugins", changed)
    manifest = changed / "softkey" / "plugin.toml"
    manifest.write_text(manifest.read_text("utf-8").replace("demo_only = true\n", ""), "utf-8")
    monkeypatch.setattr("kernel.node.places", lambda settings: [changed])
    real = replace(load(office_folder, {}), demo=False, origin="http://localhost:8000")
    with pytest.raises(Unavailable, match=r"node\.required") as error, open_node(real):
        pass
    assert "demo nodes only" in error.value.zh
    with open_node(replace(real, demo=True)):
        pass
