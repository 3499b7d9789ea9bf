"""What is known about revocation: all of it, or of which authority not."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from kernel.crypto import canonical, x509
from kernel.crypto.ids import now
from kernel.exchange import verify
from kernel.exchange.verdict import examine
from tests.exchange_format.sample import Office, office

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def zhangye() -> Office:
    return office()


def undecided(data: bytes, zhangye: Office) -> tuple[list[str], str, str]:
    """The authorities without a list, as both say; the verdict, and the line about revocation."""
    verdict = examine(data, zhangye.roots)
    alone = verify.Verification(data, zhangye.roots).run()
    assert (verdict.number, alone.number) == (100, 100)
    assert list(verdict.unlisted) == alone.trust.unlisted(alone.time)
    line = next(check for check in alone.checks if check.zh == "证书吊销")
    assert (line.status == "INDETERMINATE") == bool(verdict.unlisted) == alone.undecided
    return list(verdict.unlisted), alone.verdict, line.detail


def with_lists(zhangye: Office, lists: list[bytes]) -> bytes:
    contents = replace(zhangye.contents(), trust=[*zhangye.trust, *lists])
    return zhangye.package(contents)


def test_with_the_lists_of_all_authorities_nothing_is_left_open(zhangye: Office):
    missing, verdict, detail = undecided(zhangye.package(), zhangye)
    assert (missing, verdict) == ([], "VALID")
    assert "key of a person" in detail


def test_without_any_it_is_said_of_whom_they_are_missing(zhangye: Office):
    missing, verdict, detail = undecided(with_lists(zhangye, []), zhangye)
    assert missing == ["Zhangye Root CA", "Zhangye exchange CA", "Zhangye seals CA"]
    assert verdict == "INDETERMINATE"
    assert all(name in detail for name in missing)


@pytest.mark.parametrize("start", [-8 * DAY, DAY / 2], ids=["out of date", "not yet"])
def test_a_list_of_another_time_says_nothing_about_this_one(zhangye: Office, start: timedelta):
    issuer = zhangye.issuers["exchange"]
    other = x509.pem(x509.make_crl(issuer, [], 2, this_update=now() + start))
    lists = [pem for pem in zhangye.lists if x509.load_crl(pem).issuer != issuer.cert.subject]
    missing, _, _ = undecided(with_lists(zhangye, [*lists, other]), zhangye)
    assert missing == ["Zhangye exchange CA"]


def test_the_list_of_the_nodes_is_asked_for_where_a_node_has_acted(zhangye: Office):
    contents = zhangye.contents(body=None, payload={"a": 1}, envelope={"type": "meetings.reply"})
    params = {"envelope": canonical.digest(contents.parts["envelope.json"])}
    desk = {"person": None, "organ": zhangye.unit}
    act = zhangye.act("meetings.send", params, desk=desk, mode="node")
    nodes = zhangye.issuers["nodes"].cert.subject
    lists = [pem for pem in zhangye.lists if x509.load_crl(pem).issuer != nodes]
    zhangye.dispatched = act
    trust = [*zhangye.trust, *lists]
    data = zhangye.package(replace(contents, acts=[zhangye.node_record(act)], trust=trust))
    assert undecided(data, zhangye)[0] == ["Zhangye nodes CA"]


def test_the_command_line_says_so_with_its_exit_code(
    zhangye: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file, root = tmp_path / "p.asice", tmp_path / "root.pem"
    root.write_bytes(x509.pem(zhangye.root.cert))
    for lists, code, verdict in ((zhangye.lists, 0, "VALID"), ([], 2, "INDETERMINATE")):
        file.write_bytes(with_lists(zhangye, lists))
        assert verify.main([str(file), "--root", str(root), "--json"]) == code
        said = json.loads(capsys.readouterr().out)
        assert (said["verdict"], said["code"], said["level"]) == (verdict, 100, "formal")
