"""Soft keys: they sign, they stay in one private file, and they are for demo nodes only."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from kernel.api import Unverified, settings
from kernel.identity.authenticators import Signature
from kernel.settings import Settings
from plugins import softkey
from plugins.softkey.keys import SoftKeys, key_file


def test_a_key_signs_for_its_credential_and_no_other(tmp_path: Path):
    keys = SoftKeys(tmp_path)
    public = keys.make_keys(["c1", "c2"])
    assert list(public) == ["c1", "c2"]
    signature = SoftKeys(tmp_path).sign("c1", b"act")
    assert signature is not None
    keys.verify({"public_key": public["c1"]}, b"act", signature)
    for statement, data in ((public["c2"], b"act"), (public["c1"], b"another act")):
        with pytest.raises(Unverified):
            keys.verify({"public_key": statement}, data, signature)
    with pytest.raises(Unverified):
        keys.verify({"public_key": public["c1"]}, b"act", Signature("soft", b"none"))


def test_an_unknown_credential_gets_no_signature(tmp_path: Path):
    assert SoftKeys(tmp_path).sign("c9", b"act") is None


def test_the_file_is_the_nodes_alone_and_keeps_earlier_keys(tmp_path: Path):
    keys = SoftKeys(tmp_path)
    keys.make_keys(["c1"])
    keys.make_keys(["c2"])
    file = key_file(tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert keys.sign("c1", b"x") is not None
    assert keys.sign("c2", b"x") is not None


def test_they_do_not_load_on_a_real_node(tmp_path: Path):
    demo = Settings(instance=tmp_path, demo=True)
    try:
        settings.fill(replace(demo, demo=False))
        with pytest.raises(RuntimeError, match="demo nodes only"):
            softkey.register_authenticators()
        settings.fill(demo)
        assert [one.kind for one in softkey.register_authenticators()] == ["soft"]
    finally:
        settings.clear()
