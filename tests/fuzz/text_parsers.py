"""What a person types or a browser sends: texts, queries, cursors, cookies, addresses, forms."""

from __future__ import annotations

import base64
import hashlib
import importlib
import io
import json
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from html.parser import HTMLParser
from typing import Any

import wtforms
from fido2 import cbor
from msgspec.structs import replace
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

import kernel
import plugins
from kernel.acts import ink
from kernel.crypto import canonical, webauthn
from kernel.portal import cursor, lists, origin
from kernel.portal.ctx import _flashes
from kernel.portal.fields import Check, Choice, Date, Files, Hidden, Number, Paragraphs, Text, typed
from kernel.portal.forms import Form
from kernel.portal.i18n import choose
from kernel.portal.ink import Ink
from kernel.portal.lists import Column, Filter, ListSpec, Sort
from kernel.portal.picker import Branch, Leaf, Units
from kernel.portal.urls import safe_path
from kernel.settings import Settings
from kernel.storage import search, words
from kernel.work import levels, page_data, title
from kernel.work.sheet import Attachment, Sheet
from plugins.documents import attachments, elements
from plugins.documents.pages import word as word_page
from plugins.documents.pages.forms import WordForm
from plugins.secrecy import marks
from plugins.webauthn import answers, registering
from plugins.webauthn.place import Place
from tests.fuzz import mutating
from tests.fuzz.crypto_parsers import text_or_noise
from tests.fuzz.mutating import Luck
from tests.fuzz.running import Input, Parser, all_but
from tests.fuzz.signed import odd_client, token

PARAGRAPHS = [
    *(
        "一、建设方式和目标",
        "（二）严格管理。各单位要落实责任。",
        "1.明确分工",
        "（3）报送。",
        "正文。",
    ),
    *(
        "二十一、" + "长" * 80,
        "(一）x",
        "1．2",
        "12、甲",
        "第一阶段：",
        "保守国家秘密。",
        "一、甲！乙？",
    ),
]


def _level(text: str) -> Any:
    return levels.level_of(text), levels.is_heading_line(text)


def _within(text: str, found: Any) -> str:
    (level, end), _ = found
    return "" if 0 <= level <= 4 and 0 <= end <= len(text) else f"{found} of {len(text)} signs"


def _mark_texts() -> list[str]:
    return [
        "机密★1年",
        "密级：绝密",
        "保守国家秘密",
        "第一行\n 秘 密 \n第三行",
        "机\u200b密☆长期",
        "000001 秘密",
    ]


def _mark(luck: Luck, samples: Sequence[str]) -> Input:
    """Now and then very long, of what the patterns repeat."""
    if luck.randrange(50) == 0:
        piece = luck.choice(
            ("绝", "秘 ", "·", "机-", "★", "密级", "0", " ", "秘密", "\n", "000000 ")
        )
        head = luck.choice(("", "绝密", "秘密★", "000000", "密级"))
        return "free", head + piece * luck.choice((1000, 20_000)) + luck.choice(("", "x"))
    return text_or_noise(luck, samples)


def _titles() -> list[str]:
    return ["中共张掖市委办公室关于做好值班工作的通知", "关于印发《甲》（乙）的通知", "x", ""]


def _title(luck: Luck, samples: Sequence[str]) -> Input:
    how, text = text_or_noise(luck, samples)
    return how, text[: elements.LONGEST["title"]]


def _page(text: str) -> Any:
    lines = text.split("\n") or [""]
    table = Attachment(lines[0], "table", tuple(lines[:3]), (tuple(lines),), tuple(lines))
    sheet = Sheet(
        text[:200], tuple(lines), issue_date=text, signer_name=text, signature=(text,),
        main_recipients=text, annotation=text, attachments=(table, replace(table, rows=())),
    )  # fmt: skip
    return page_data.page_data(sheet)


def _pages() -> list[str]:
    return ["2026年11月22日\n甲\n乙", "市财政局：", "（联系人：甲）", "\n".join(PARAGRAPHS)]


def _inks() -> list[str]:
    return ["600 360;12,40 14,44 19,52;80,40", "600 200;0,0", "10 10;1,1 10,10;5,5;5,5 6,6"]


def _ink(text: str) -> Any:
    found = ink.read_ink(text)
    return found, found.box, found.path


def _drawn(luck: Luck, samples: Sequence[str]) -> Input:
    if luck.randrange(200) == 0:  # more than anybody writes by hand
        return "changed", luck.choice(samples) + ";5,5" * 20_000
    return text_or_noise(luck, samples)


def _inked(text: str, found: Any) -> str:
    """What is drawn holds numbers, M and L: nothing that a page could take for anything else."""
    _, _, path = found
    return "" if set(path) <= set("ML 0123456789") and text.isascii() else path


def _small_text(luck: Luck, samples: Sequence[str]) -> Input:
    how, text = text_or_noise(luck, samples)
    return how, text[:3000]


def _queries() -> list[str]:
    return ["安全生产", "2026 年", "a-b_c", "关于", "“值班”工作", "ﬁnance１", "产"]


def _searched(text: str) -> Any:
    found = words.phrases(text), words.tokens(text), words.is_han(text)
    if len(found[0]) > words.MOST_TERMS:
        raise AssertionError("too many terms")
    return found


def _search_cursor(text: str) -> Any:
    part, number = search._cursor(text)
    return part, number


_SORTS = (
    Sort("time", "时间", "time", descending=True),
    Sort("title", "标题", "title"),
)
LIST = ListSpec(
    "发文", (Column("title", "标题", "title", sort="title"), Column("time", "时间", "time")),
    _SORTS, "time",
    filters=(Filter("state", "状态", (("open", "未办"), ("done", "已办"))),),
)  # fmt: skip
Params = dict[str, str]


def _cursors() -> list[str]:
    keys = ["甲", 5, 1.5, None, date(2026, 11, 22), datetime(2026, 11, 22, 8)]
    return [cursor.Cursor("time", key, uid).text() for key in keys for uid in ("u", 7)]


def _cursor(luck: Luck, samples: Sequence[str]) -> Input:
    """Changed as text, or inside and packed again."""
    if luck.randrange(3) == 0:
        return text_or_noise(luck, samples)
    text = luck.choice(samples)
    value = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return "changed", _packed(luck, mutating.json_of(luck, value))


def _packed(luck: Luck, value: Any) -> str:
    raw = mutating.loose_json(luck, value)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=" * luck.randrange(2) or "\n")


def _fits_a_database(_: str, found: Any) -> str:
    """Both databases take the key and the id as they are: no number beyond 64 bits, no NUL."""
    wrong = []
    for value in (found.key, found.uid):
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            wrong.append(f"the number {value}")
        if isinstance(value, str) and (
            "\0" in value or any("\ud800" <= c <= "\udfff" for c in value)
        ):
            wrong.append(f"the text {value!r}")
        if isinstance(value, float) and not abs(value) < 1e300:
            wrong.append(f"the number {value}")
    return ", ".join(wrong)


def _asked() -> list[Params]:
    return [
        {"q": "通知", "sort": "title", "state": "open", "tab": "x", "after": _cursors()[0]},
        {"sort": "time", "after": _cursors()[0]},
        {},
    ]


def _list_of(params: Params) -> Any:
    rows = [{"uid": n, "time": n, "title": "甲" * n} for n in range(22)]

    def fetch(query: lists.ListQuery, limit: int) -> list[dict[str, Any]]:
        return [row for row in rows if query.text in str(row["title"])][:limit]

    shown = lists.build(LIST, params, path="/x", fetch=fetch)
    links = (shown.next_link, shown.first_link, shown.bare_link, shown.export_link("csv"))
    return links, [shown.sorted_by(one) + shown.sort_link(one) for one in LIST.columns]


def _params(luck: Luck, samples: Sequence[Params]) -> Input:
    params = {**luck.choice(samples)}
    name = luck.choice(("q", "sort", "state", "after", "tab", "export", "x"))
    if luck.randrange(4) == 0:
        return "free", {name: mutating.text(luck, 40).encode("utf-8", "replace").decode()}
    value = params.get(name, "time")
    if name == "after":
        params[name] = _cursor(luck, _cursors())[1]
    elif luck.randrange(3):
        params[name] = mutating.text_of(luck, value)
    else:
        params[name] = luck.choice(("title", "time", "open", "done", "甲", "甲甲甲", "", " "))
    # An address holds no half characters: what is none in UTF-8 comes as a sign that says so.
    shown = {key: text.encode("utf-8", "replace").decode() for key, text in params.items()}
    return "changed", shown


def _request(headers: Sequence[tuple[str, str]]) -> Request:
    raw = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": raw}
    return Request(scope)


Headers = list[tuple[str, str]]


def _headers() -> list[Headers]:
    flash = base64.urlsafe_b64encode(json.dumps([["ok", "已保存。", "/x", "看"]]).encode()).decode()
    return [
        [("host", "oa.example.cn"), ("origin", "https://oa.example.cn"),
         ("cookie", f"__Host-juyan_session=abc; __Host-juyan_flash={flash}; lang=en; size=large")],
        [("host", "localhost:8000"), ("sec-fetch-site", "same-origin"),
         ("sec-purpose", "prefetch")],
        [("host", "[::1]:8000"), ("referer", "http://localhost:8000/x"), ("origin", "null")],
    ]  # fmt: skip


def _read_headers(headers: Headers) -> Any:
    request = _request(headers)
    own = Settings(origin="https://oa.example.cn", hosts="oa zy.example.cn")
    with _in_place(own):
        said = [origin.host_allowed(request.headers.get("host", ""))]
        said += [origin.same_origin(request.headers), origin.deliberate(request.headers)]
        said += [origin.token_due(request.headers, "s"), bool(_flashes(request))]
        said.append(origin.token_holds(request.cookies.get("lang"), "s"))
        choose(None, request.cookies.get("lang"), "zh")
    return said


class _in_place:  # reads as a word of its own in a with statement
    """The settings in their slot, and what was there before afterwards."""

    def __init__(self, own: Settings) -> None:
        self._own = own

    def __enter__(self) -> None:
        origin.settings.fill(self._own)

    def __exit__(self, *_: object) -> None:
        origin.settings.clear()


_MORE = ["host", "origin", "referer", "cookie", "sec-fetch-site", "sec-purpose", "purpose", "x-moz"]
_ODD = [
    "http://[",
    "//",
    "http://[::1",
    "http://a:99999999",
    "[",
    "a:b:c",
    "http://\u2100",
    "https:",
]


def _odd_headers(luck: Luck, samples: Sequence[Headers]) -> Input:
    headers = [*luck.choice(samples)]
    at = luck.randrange(len(headers))
    name, value = headers[at]
    what = luck.randrange(5)
    if what == 0:
        return "free", [(luck.choice(_MORE), luck.choice((*_ODD, mutating.text(luck, 30))))]
    if what == 1:
        headers[at] = (name, luck.choice(_ODD))
    elif what == 2 and name == "cookie":
        flash = _packed(luck, mutating.json_of(luck, [["ok", "已保存。", "/x", "看"]]))
        headers[at] = (name, f"__Host-juyan_flash={flash}; lang={mutating.text(luck, 5)}")
    elif what == 3:
        headers.append((luck.choice(_MORE), value))
    else:
        headers[at] = (name, mutating.text_of(luck, value))
    return "changed", headers


def _paths() -> list[str]:
    return ["/documents/out?x=1", "/", "/a/../b"]


def _leads_nowhere_else(_: str, found: str) -> str:
    from urllib.parse import urljoin, urlsplit

    there = urlsplit(urljoin("https://oa.example.cn/x", found))
    return "" if there.netloc == "oa.example.cn" and "\n" not in found else f"to {there.netloc}"


PLACE = Place("testserver", "http://testserver")
CHALLENGE = bytes(range(32))


def _options() -> dict[str, Any]:
    return {"challenge": answers.websafe(CHALLENGE), "user": {"id": answers.websafe(b"p")}}


def _got() -> list[str]:
    return [token(one).get(_options()) for one in ("ES256", "EdDSA")]


def _made() -> list[str]:
    return [token(one).create(_options()) for one in ("ES256", "EdDSA")]


def _read_got(text: str) -> Any:
    given = answers.read(text)
    known = [token(one) for one in ("ES256", "EdDSA")]
    for one in known:
        if one.credential_id == given.credential_id:
            key = webauthn.security_key(canonical.b64(one.spki), one.binding)
            webauthn.verify(key, CHALLENGE, webauthn.read_assertion(given.assertion.to_bytes()))
            return one.credential_id
    raise webauthn.malformed()


def _answer(luck: Luck, samples: Sequence[str]) -> Input:
    """Changed as JSON, and within: client data, authenticator data, CBOR."""
    if luck.randrange(6) == 0:
        return text_or_noise(luck, samples)
    value = json.loads(luck.choice(samples))
    what = luck.randrange(3)
    if what == 0:
        changed = mutating.json_of(luck, value)
    else:
        name = luck.choice(sorted(value["response"]))
        raw = answers.bytes_of(value["response"][name])
        if name == "clientDataJSON":
            raw = mutating.loose_json(luck, mutating.json_of(luck, json.loads(raw)))
        else:
            raw = mutating.bytes_of(luck, raw)
        changed = {**value, "response": {**value["response"], name: answers.websafe(raw)}}
    return "changed", mutating.loose_json(luck, changed).decode("utf-8", "replace")


def _signed_answer(luck: Luck, samples: Sequence[str]) -> Input:
    """Some are signed by the key itself over things that nobody may sign."""
    if luck.randrange(3):
        return _answer(luck, samples)
    key = token(luck.choice(("ES256", "EdDSA")))
    flags, key.flags = key.flags, luck.choice((0, 1, 4, 5, 5, 5, 0x45, 0x85, 0xFF))
    try:
        client = odd_client(luck, key.client_data("webauthn.get", CHALLENGE))
        said = key.authenticator_data()
    finally:
        key.flags = flags
    if luck.randrange(6) == 0:
        said = luck.choice((said[:-1], said + b"\xa0", b"", bytes(32) + said[32:]))
    signature = key.sign(said + hashlib.sha256(client).digest())
    parts = {"authenticatorData": said, "clientDataJSON": client, "signature": signature}
    whole = json.loads(key.get(_options()))
    whole["response"] |= {name: answers.websafe(data) for name, data in parts.items()}
    return "resigned", json.dumps(whole)


def _registration(luck: Luck, samples: Sequence[str]) -> Input:
    """Nobody signs a registration: what the key says of itself is changed within its CBOR."""
    if luck.randrange(3):
        return _answer(luck, samples)
    whole = json.loads(luck.choice(samples))
    made = cbor.decode(answers.bytes_of(whole["response"]["attestationObject"]))
    said = made["authData"]
    at = 37 + 16 + 2 + int.from_bytes(said[53:55], "big")
    cose = _other_cose(luck, cbor.decode(said[at:]))
    flags = luck.choice((said[32], said[32], said[32], 0x41, 0x44, 5, 0xC5, 0))
    made["authData"] = said[:32] + bytes([flags]) + said[33:at] + cbor.encode(cose)
    if luck.randrange(8) == 0:
        made[luck.choice(("fmt", "attStmt", "authData"))] = luck.choice((b"", "x", 5, {}, True))
    whole["response"]["attestationObject"] = answers.websafe(cbor.encode(made))
    if luck.randrange(4) == 0:
        client = odd_client(luck, answers.bytes_of(whole["response"]["clientDataJSON"]))
        whole["response"]["clientDataJSON"] = answers.websafe(client)
    return "changed", json.dumps(whole)


def _other_cose(luck: Luck, cose: dict[int, Any]) -> dict[int, Any]:
    name = luck.choice((1, 3, -1, -2, -3))
    value = luck.choice((*range(-10, 9), b"", bytes(32), b"\xff" * 32, bytes(33), "x", -257, -47))
    if luck.randrange(5) == 0:
        return {key: was for key, was in cose.items() if key != name}
    return {**cose, name: value}


def _carried() -> list[str]:
    text = {"title": "甲", "kind": "text", "columns": [], "rows": [], "paragraphs": ["乙"]}
    return [json.dumps([text]), json.dumps([text, {**text, "kind": "table", "rows": [["1"]]}])]


def _attachments(text: str) -> Any:
    return word_page._attached(WordForm(FormData([("attachments", text)])))


def _carried_input(luck: Luck, samples: Sequence[str]) -> Input:
    if luck.randrange(5) == 0:
        return text_or_noise(luck, samples)
    changed = mutating.json_of(luck, json.loads(luck.choice(samples)))
    return "changed", mutating.loose_json(luck, changed).decode("utf-8", "replace")


def _pasted() -> list[str]:
    return ["序号\t单位\n1\t市财政局", "a，b\n1，2\n", 'x,"y\nz"\n1,2', "\n".join(["a\tb"] * 5)]


def _table(text: str) -> Any:
    found = attachments.table("表", text)
    attachments.text("文", text)
    return Attachment.from_json(found)


def modules() -> Iterator[str]:
    """All modules of the product that can be imported by name."""
    for package in (kernel, plugins):
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if ".migrations" not in found.name and ".tables" not in found.name:
                yield found.name


def forms() -> dict[str, type[Form]]:
    """Every form of the product, by module and class."""
    for name in modules():
        importlib.import_module(name)
    found: dict[str, type[Form]] = {}
    waiting: list[type[Form]] = [Form]
    while waiting:
        for one in waiting.pop().__subclasses__():
            waiting.append(one)
            if one.__module__.startswith(("kernel.", "plugins.")):
                found[f"{one.__module__}:{one.__name__}"] = one
    return found


Posted = list[tuple[str, Any]]
TREE = [Branch("各单位", (Leaf("620702", "甘州区"), Leaf("a", "甲")), (Branch("下", value="b"),))]


def bound(form: type[Form], posted: Posted) -> Form:
    """The form with what was posted, its lists filled as a page fills them."""
    made = form(FormData(posted))
    for field in made:
        if isinstance(field, Units):
            field.tree = TREE
        elif isinstance(field, Choice) and not field.choices:
            field.choices = [("620702", "甘州区"), ("", "无")]
    return made


class NotValidError(Exception):
    """The form is shown again; every error is a sentence, and the input is kept."""


def _form_reader(form: type[Form]) -> Callable[[Posted], Any]:
    def read(posted: Posted) -> Any:
        made = bound(form, posted)
        if made.validate():
            return made.data
        said = made.errors_summary
        if not said or not all(text for _, text in said):
            raise AssertionError("refused without a word")
        if lost := [field.name for field in made if not kept(field, posted)]:
            raise AssertionError(f"refused, and what was entered is lost: {', '.join(lost)}")
        raise NotValidError(str(said))

    return read


def kept(field: wtforms.Field, posted: Posted) -> bool:
    """Whether a field of a refused form shows again what was entered.

    Neither spaces count, for a line loses those around it, nor signs that nobody sees. No browser
    shows a file again, and what is on no list cannot be chosen.
    """
    entered = [value for name, value in posted if name == field.name]
    if isinstance(field, Files) or not all(isinstance(value, str) for value in entered):
        return True
    if isinstance(field, Units):
        return set(field.chosen) == {value for value in entered if value}
    shown = Drawn(str(field()))
    if isinstance(field, Check):
        return shown.chosen == bool(field.data)
    first = str(entered[0]) if entered else ""
    first = typed(first) if isinstance(field, Text) else first
    if isinstance(field, Choice):
        return shown.value == first or first not in {value for value, _ in field.choices or ()}
    return "".join(shown.value.split()) == "".join(first.split())


class Drawn(HTMLParser):
    """One field as a page shows it. :ivar value: what stands in it, or is chosen of its list."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.value, self.chosen = "", False
        self._inside = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = dict(attrs)
        self._inside = tag == "textarea"
        listed = tag == "option" or given.get("type") in ("radio", "checkbox")
        self.chosen = self.chosen or "selected" in given or "checked" in given
        if tag in ("input", "option") and not listed or "selected" in given or "checked" in given:
            self.value = given.get("value") or ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.value += data

    def handle_endtag(self, tag: str) -> None:
        self._inside = False


def _writable(_: Posted, found: dict[str, Any]) -> str:
    """What a valid form holds can be signed and stored: no control signs, NFC."""
    for name, value in found.items():
        if isinstance(value, str) and "\0" not in value:
            canonical.dumps(value)
        elif isinstance(value, str):
            return f"NUL in {name}"
    return ""


def sample_of(field: wtforms.Field) -> Any:
    """A good value for a field."""
    if isinstance(field, Date):
        return "2026-12-01"
    if isinstance(field, Number):
        return "3"
    if isinstance(field, Ink):
        return _inks()[0]
    if isinstance(field, Units):
        return "620702"
    if isinstance(field, Choice):
        return str(next((value for value, _ in field.choices or () if value), "620702"))
    if isinstance(field, Check):
        return "y"
    if isinstance(field, Files):
        return UploadFile(io.BytesIO(b"x"), size=1, filename="a.pdf") if field.must else None
    return "1" if isinstance(field, Hidden) else "关于做好值班工作的通知"[: field.limit]


def _form_samples(form: type[Form]) -> Callable[[], list[Posted]]:
    def samples() -> list[Posted]:
        filled = [(field.name, sample_of(field)) for field in form()]
        return [[pair for pair in filled if pair[1] is not None]]

    return samples


ODD_FIELDS = [
    *(
        "",
        "\0",
        "x\0y",
        "a" * 300,
        "长" * 1200,
        "\u202e",
        "e\u0301",
        "\ud800",
        "\r\n" * 9,
        " " * 50,
    ),
    *(
        "2026-02-30",
        "2026-W01-1",
        "20261201",
        "0001-01-01",
        "9999-12-31",
        "-5",
        "９",
        "1e5",
        "9" * 5000,
    ),
    *(
        "../../x",
        "<script>",
        "{{7*7}}",
        "'; --",
        "620702",
        "y",
        "false",
        "²",
        "٣",
        "+1",
        " 3 ",
        "3.0",
    ),
]


def posted_of(luck: Luck, samples: Sequence[Posted]) -> Input:
    """Fields changed, missing, doubled, of the wrong kind, or of another form."""
    posted = [*luck.choice(samples)]
    if luck.randrange(5) == 0 or not posted:
        names = [name for name, _ in luck.choice(samples)] or ["x"]
        return "free", [(luck.choice(names), _odd(luck)) for _ in range(luck.randrange(5))]
    for _ in range(luck.choice((1, 1, 2, 3))):
        if not posted:
            break
        at = luck.randrange(len(posted))
        name, value = posted[at]
        what = luck.randrange(9)
        if what == 0:
            del posted[at]
        elif what == 1:
            posted.insert(at, (name, _odd(luck)))
        elif what == 2:
            posted[at] = (mutating.text_of(luck, name), value)
        elif what < 6 and isinstance(value, str):
            posted[at] = (name, mutating.text_of(luck, value))
        else:
            posted[at] = (name, _odd(luck))
    return "changed", posted


def _odd(luck: Luck) -> Any:
    import io

    if luck.randrange(12) == 0:
        size = luck.choice((0, 5, 300 << 20))
        return UploadFile(io.BytesIO(b"x"), size=size, filename=mutating.text(luck, 10))
    return luck.choice((*ODD_FIELDS, mutating.text(luck, 40)))


class _AllFields(Form):
    """Each kind of field, with and without demands."""

    line = Text("行", limit=20, required=True, hint="x")
    long = Text("长", rows=2)
    lines = Paragraphs("段", limit=100, required=True)
    hidden = Hidden(limit=5)
    choice = Choice("选", (("a", "甲"), ("b", "乙")), required=True)
    free = Choice("选", (("a", "甲"),), radio=True)
    day = Date("日", required=True)
    other_day = Date("日")
    number = Number("数", least=1, most=9, required=True)
    other = Number("数")
    check = Check("是")
    files = Files("件", limit=100, accept=".pdf")
    must = Files("件", limit=100, required=True)
    units = Units("单位", required=True, most=1)


def _all_fields() -> list[Posted]:
    import io

    good = [
        ("line", "x"), ("lines", "甲\n乙"), ("choice", "a"), ("day", "2026-12-01"), ("number", "3"),
        ("units", "a"), ("free", "a"), ("check", "y"), ("other", "5"), ("other_day", "2026-12-02"),
    ]  # fmt: skip
    return [[*good, ("must", UploadFile(io.BytesIO(b"x"), size=1, filename="a.pdf"))]]


def _filled_again(posted: Posted) -> Any:
    found = _form_reader(_AllFields)(posted)
    shown = _AllFields(data={"day": date(2026, 1, 1), "number": 3})
    made = bound(_AllFields, posted)
    made.units.labels()
    return found, [str(shown.day()), str(shown.number()), str(shown.other())]


PARSERS = [
    Parser("levels", ("kernel.work.levels",), lambda: PARAGRAPHS, _level, text_or_noise,
           check=_within),
    Parser("title", ("kernel.work.title",), _titles,
           lambda g: title.break_title(g, names=("张掖市委",)), _title,
           check=lambda g, f: "" if "".join(f) == g.replace("\n", "") else f"{f} is not {g!r}"),
    Parser("page-data", ("kernel.work.page_data",), _pages, _page, _small_text),
    Parser("classification-marks", ("plugins.secrecy.marks",), _mark_texts, marks.find_mark, _mark),
    Parser("handwriting", ("kernel.acts.ink",), _inks, _ink, _drawn, check=_inked),
    Parser("search-query", ("kernel.storage.words",), _queries, _searched, text_or_noise,
           leaves=frozenset({"kernel.storage.words:marks"})),
    Parser("search-cursor", (), lambda: ["t5", "u9223372036854775807"], _search_cursor,
           text_or_noise,
           check=lambda g, f: "" if f[1] < 2**63 else f"the number {f[1]}"),
    Parser("list-cursor", ("kernel.portal.cursor",), _cursors, cursor.read_cursor, _cursor,
           check=_fits_a_database, leaves=frozenset({"kernel.portal.cursor:_plain"})),
    Parser("list-query", ("kernel.portal.lists",), _asked, _list_of, _params,
           leaves=frozenset(f"kernel.portal.lists:{one}" for one in (
               "Column.of", "from_query", "_after", "read", "Listing.lines",
               "Listing.any_choosable"))),
    Parser("request-headers", ("kernel.portal.origin",), _headers, _read_headers, _odd_headers),
    Parser("way-back", ("kernel.portal.urls",), _paths, safe_path, text_or_noise,
           check=_leads_nowhere_else, leaves=frozenset(f"kernel.portal.urls:{one}" for one in (
               "Urls.__init__", "Urls.__call__", "query_of", "_quoted", "_plain", "_named"))),
    Parser("webauthn-answer", ("plugins.webauthn.answers", "kernel.crypto.webauthn"), _got,
           _read_got, _signed_answer, meaning=lambda g, f: f,
           leaves=frozenset(f"kernel.crypto.webauthn:{one}" for one in (
               "read_assertion", "security_key", "load_key"))),  # act-record feeds these
    Parser("webauthn-registration", ("plugins.webauthn.registering",), _made,
           lambda g: registering.new_key(g, CHALLENGE, PLACE), _registration),
    Parser("carried-attachments", ("plugins.documents.pages.word",), _carried, _attachments,
           _carried_input, leaves=all_but("plugins.documents.pages.word", "_attached")),
    Parser("pasted-table", ("plugins.documents.attachments",), _pasted, _table, _small_text,
           leaves=frozenset(f"plugins.documents.attachments:{one}" for one in (
               "from_file", "unit_list", "forms", "for_note", "_for_name"))),
    Parser("form-fields", ("kernel.portal.fields", "kernel.portal.picker"), _all_fields,
           _filled_again, posted_of, refusals=(NotValidError,),
           leaves=frozenset({"kernel.portal.picker:Branch.values", "kernel.portal.picker:leaves",
                             "kernel.portal.picker:Branch.count"})),
    *(
        Parser(f"form-{name.partition(':')[2]}", (), _form_samples(form), _form_reader(form),
               posted_of, refusals=(NotValidError,), check=_writable)
        for name, form in sorted(forms().items())
    ),
]  # fmt: skip
