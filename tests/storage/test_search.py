"""Search: exact for Chinese, closed for everybody outside the audience."""

import random
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from playhouse.migrations import Runner

from kernel.storage import search
from kernel.storage.database import connection, db, on_postgresql, transaction
from kernel.storage.migrations import migrate, room_set
from kernel.storage.search import Entry, Page
from kernel.storage.words import Phrase, holds, marks, normal, phrases, tokens

TEXTS = (Path(__file__).parent / "texts.txt").read_text("utf-8").splitlines()
START = datetime(2008, 10, 1, tzinfo=UTC)
ALL = frozenset({"node"})
pytestmark = pytest.mark.both


def entry(
    number: int,
    title: str,
    text: str = "",
    audience: frozenset[str] = ALL,
    plugin: str = "documents",
) -> Entry:
    moment = START + timedelta(hours=number)
    return Entry(plugin, "document", f"d{number}", "o1", title, text, moment, audience)


def put(*entries: Entry) -> None:
    with transaction():
        for each in entries:
            search.index(each)


def find(text: str, who: set[str] | frozenset[str] = ALL, limit: int = 1000) -> list[str]:
    return [hit.uid for hit in search.find(text, who, {"documents"}, limit).hits]


@pytest.fixture
def library(store: Path) -> list[Entry]:
    """The texts in pairs: one is the title, the next the body."""
    pairs = zip(TEXTS[::2], TEXTS[1::2], strict=True)
    entries = [entry(number, title, text) for number, (title, text) in enumerate(pairs)]
    put(*entries)
    return entries


def scanned(entries: list[Entry], query: str) -> list[str]:
    """What a reader finds who goes through everything: title hits first, then newest."""
    newest = sorted(entries, key=lambda each: each.time, reverse=True)
    titled = [e.uid for e in newest if normal(query) in normal(e.title)]
    others = [e.uid for e in newest if normal(query) in normal(e.text) and e.uid not in titled]
    return titled + others


def queries() -> list[str]:
    luck = random.Random(8)
    runs = [run for text in TEXTS for run in re.findall("[\u4e00-\u9fff]+", text)]
    found = set("的市办一公会")
    while len(found) < 500:
        run, length = luck.choice(runs), luck.choice([1, 1, 2, 2, 2, 3, 3, 4, 5, 7])
        start = luck.randrange(len(run))
        found.add(run[start : start + length])
    # Characters that occur, in words that mostly do not.
    every = sorted({c for run in runs for c in run})
    found |= {"".join(luck.choices(every, k=2)) for _ in range(100)}
    return sorted(found)


def test_as_exact_as_reading_everything(library: list[Entry]) -> None:
    wrong = {q: 1 for q in queries() if find(q) != scanned(library, q)}
    assert wrong == {}
    assert len(find("公文")) > 5


def test_pages_join_without_gap_or_repetition(library: list[Entry]) -> None:
    for query in ("公文", "的", "市"):
        uids: list[str] = []
        page = Page([], None)
        while True:
            page = search.find(query, ALL, {"documents"}, 7, page.next)
            assert 0 < len(page.hits) <= 7
            uids += [hit.uid for hit in page.hits]
            if page.next is None:
                break
        assert uids == scanned(library, query)


def test_nobody_finds_what_he_may_not_see(store: Path) -> None:
    luck = random.Random(9)
    names = [f"organ:{n}" for n in range(6)] + [f"post:{n}" for n in range(6)] + ["organ:11"]
    entries = [
        entry(number, title, text, frozenset(luck.sample(names, luck.randrange(4))))
        for number, (title, text) in enumerate(zip(TEXTS[:150], TEXTS[150:300], strict=True))
    ]
    put(*entries)
    for _ in range(60):
        who = frozenset(luck.sample(names, luck.randrange(1, 4)))
        query = luck.choice(["的", "公文", "办公", "市", "系统"])
        mine = [each for each in entries if each.audience & who]
        assert find(query, who) == scanned(mine, query)


@pytest.mark.parametrize(
    "who",
    [
        set(),
        {""},
        {"organ"},
        {"organ:1"},
        {"organ:12 "},
        {"ORGAN:12"},
        {"organ:123"},
        {"x OR organ:12"},
        {'" OR "'},
        {"*"},
        {"documents"},
    ],
)
def test_principals_are_matched_whole(store: Path, who: set[str]) -> None:
    audience = frozenset({"organ:12"})
    put(entry(1, "金丝雀", audience=audience), entry(2, "鸟", "金丝雀", audience))
    assert find("金丝雀", who) == []
    assert find("金丝雀", who | {"organ:12"}) == ["d1", "d2"]


def test_an_empty_audience_lets_nobody_find_it(store: Path) -> None:
    put(entry(1, "金丝雀", audience=frozenset()))
    assert find("金丝雀", {"node", ""}) == []


def test_a_plugin_that_is_off_is_not_searched(store: Path) -> None:
    put(entry(1, "会议通知", plugin="meetings"), entry(2, "会议通知"))
    put(entry(3, "通知", "会议", plugin="meetings"))
    hits = search.find("会议", ALL, {"documents"}).hits
    assert [hit.uid for hit in hits] == ["d2"]
    assert len(search.find("会议", ALL, {"documents", "meetings"}).hits) == 3
    assert search.find("会议", ALL, set()) == Page([])
    assert search.find("会议", {"documents"}, ALL) == Page([])


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("安全生产", True),
        ("全生", True),
        ("产", True),
        ("知", True),
        ("全产", False),
        ("通知市委", False),  # a title and a body are two texts
        ("安全 市委", True),  # but terms may be in either
        ("安全 甘州", False),
        ("“安全') --", True),  # signs at the ends have no meaning
        ("市委办发〔2008〕91号", True),
        ("市委办发[2008]91号", True),
        ("市委办发2008", False),
        ("９１号", True),
        ("91", True),
        ("9", True),
        ("1号", False),
        ("2008", True),
        ("008", False),
        ("ofd", True),
        ("OF", True),
        ("fd", False),
        ("GB/T 9704", True),
        ("gb/t", True),
        ("经验交流", False),  # 经验，交流: a comma lies between
        ("经验，交流", True),
        ("经验,交流", True),
        ("驗", False),
    ],
)
def test_how_terms_are_found(store: Path, query: str, found: bool) -> None:
    body = "市委办发〔2008〕91号，按GB/T 9704排版的OFD文件。总结经验，交流做法"
    put(entry(1, "关于安全生产的通知", body))
    assert find(query) == (["d1"] if found else [])


@pytest.mark.parametrize(
    "query",
    ["", " ", '"', '""', "*", "'", "(", ")", "-", "^", ":", "。", "_", "\0", "〔〕", "%", "\ud800"],
)
def test_signs_alone_find_nothing_and_break_nothing(store: Path, query: str) -> None:
    put(entry(1, "关于安全生产的通知"))
    assert search.find(query, ALL, {"documents"}) == Page([])


@pytest.mark.parametrize(
    "query",
    [
        'title : "安全"',
        "安全 OR 甘州",
        "安全 NOT 生产",
        "NEAR(安全 生产)",
        '安全" OR "甘州',
        "scope : node",
        "{title body} : 甘州",
        "安全 AND",
    ],
)
def test_operators_are_words_like_others(store: Path, query: str) -> None:
    put(entry(1, "关于安全生产的通知"), entry(2, "甘州区的函"))
    assert find(query) == []


def test_long_queries_are_cut(store: Path) -> None:
    put(entry(1, "关于安全生产的通知"))
    assert len(phrases("安 " * 1000)) == 10
    assert find("安全 " * 5000) == ["d1"]


def test_title_hits_come_first(store: Path) -> None:
    put(
        entry(1, "会议通知", "旧"),
        entry(2, "简报", "会议情况"),
        entry(3, "会议纪要", "新"),
        entry(4, "公告", "会议地点"),
    )
    assert find("会议") == ["d3", "d1", "d4", "d2"]


def test_many_hits_in_titles_hide_none_elsewhere(store: Path) -> None:
    # Newer than the hits in texts stand more hits in titles than one look takes in.
    put(*(entry(number, "简报", "防汛情况") for number in range(3)))
    put(*(entry(number, "防汛通知", "防汛") for number in range(3, 200)))
    found = find("防汛")
    assert found == [f"d{number}" for number in [*range(199, 2, -1), 2, 1, 0]]
    after = search.find("防汛", ALL, {"documents"}, 197)
    assert after.next is not None and after.next.startswith("t")
    rest = search.find("防汛", ALL, {"documents"}, 2, after.next)
    assert [hit.uid for hit in rest.hits] == ["d2", "d1"]
    last = search.find("防汛", ALL, {"documents"}, 2, rest.next)
    assert ([hit.uid for hit in last.hits], last.next) == (["d0"], None)


def test_many_new_entries_are_found_as_if_indexed_singly(store: Path) -> None:
    pairs = list(zip(TEXTS[::2], TEXTS[1::2], strict=True))
    # Several in one millisecond, and not in the order of their times.
    entries = [entry(number % 7, *pair) for number, pair in enumerate(pairs)]
    entries = [replace(one, uid=f"d{number}") for number, one in enumerate(entries)]
    with transaction():
        search.index_new(entries[: len(entries) // 2])
    with transaction():
        search.index_new(entries[len(entries) // 2 :])
    for query in ("公文", "会议", "市"):
        assert set(find(query)) == set(scanned(entries, query)) != set()
    put(replace(entries[0], title="改过的标题"))
    assert find("改过的标题") == ["d0"]


@pytest.mark.parametrize(
    ("text", "query", "held"),
    [
        ("安全生产工作", "生产 安全", True),
        ("安全生产", "产工", False),
        ("安全、生产", "全生", False),
        ("GB/T 9704-2012", "gb/t 97", True),
        ("GB/T 9704", "704", False),
        ("安全", "全", True),
    ],
)
def test_a_text_holds_what_the_index_finds_in_it(text: str, query: str, held: bool, store: Path):
    assert holds(text, phrases(query)) is held
    put(entry(1, text))
    assert (find(query) == ["d1"]) is held


def test_indexing_again_replaces(store: Path) -> None:
    put(entry(1, "原标题", "原文"), entry(2, "别的原标题"))
    put(entry(1, "新标题", "改动", frozenset({"organ:1"})))
    assert find("原标题", ALL | {"organ:1"}) == ["d2"]
    assert find("原文", ALL | {"organ:1"}) == []
    assert find("新标题") == []
    assert find("新标题", {"organ:1"}) == ["d1"]


def test_removing(store: Path) -> None:
    put(entry(1, "会议通知"), entry(2, "会议纪要"))
    with transaction():
        search.remove("document", "d1")
        search.remove("document", "never there")
    assert find("会议") == ["d2"]
    with connection():
        there = "search_text WHERE title LIKE '%%通知%%'"
        (mark,) = marks("may", ALL)
        left = there if on_postgresql() else f"search_text('{mark}通知')"
        rows = db.execute_sql(f"SELECT COUNT(*) FROM {left}").fetchone()  # noqa: S608  # ours
    assert rows == (0,)


def test_the_index_shares_the_fate_of_its_transaction(store: Path) -> None:
    with pytest.raises(ZeroDivisionError), transaction():
        search.index(entry(1, "会议通知"))
        _ = 1 / 0
    with pytest.raises(RuntimeError):
        search.index(entry(1, "会议通知"))
    assert find("会议") == []


def test_many_in_one_millisecond_keep_their_order(store: Path) -> None:
    same = [
        Entry("documents", "document", f"d{n}", "o1", "会议", "", START, ALL) for n in range(30)
    ]
    put(*same)
    assert find("会议") == [f"d{n}" for n in reversed(range(30))]


def test_a_hit_shows_what_was_given(store: Path) -> None:
    put(Entry("documents", "document", "d1", "o1", "会议", "正文", START, ALL, "一句摘要"))
    (hit,) = search.find("正文", ALL, {"documents"}).hits
    assert (hit.kind, hit.uid, hit.organ, hit.title) == ("document", "d1", "o1", "会议")
    assert (hit.summary, hit.time, hit.plugin) == ("一句摘要", START, "documents")


def test_a_cursor_of_somebody_else_begins_at_the_start(store: Path) -> None:
    put(entry(1, "会议"))
    for cursor in ("", "x", "t", "t-1", "b1", "t" + "9" * 30, "t1; DROP"):
        assert len(search.find("会议", ALL, {"documents"}, 20, cursor).hits) == 1


def test_tokens() -> None:
    assert tokens("安全生产，ＯＦＤ") == "安全 全生 生产 产 _ ofd"
    assert tokens("91号") == "91 号"
    assert tokens("。。") == ""
    assert phrases("安全") == [Phrase(("安全",), open=False)]
    assert phrases("安") == [Phrase(("安",), open=True)]


def test_an_index_in_one_part_says_the_same(store: Path):
    """Ten transactions leave ten parts; brought together they hold the same."""
    entries = [entry(n, TEXTS[n], TEXTS[n + 1]) for n in range(10)]
    for each in entries:
        put(each)
    with transaction():
        search.remove("document", "d3")
    left = [each for each in entries if each.uid != "d3"]
    before = {query: find(query) for query in queries()}
    search.tidy()
    assert {query: find(query) for query in queries()} == before
    assert all(found == scanned(left, query) for query, found in before.items())
    if not on_postgresql():
        with connection():
            parts = db.execute_sql("SELECT COUNT(DISTINCT segid) FROM search_text_idx").fetchone()
        assert parts[0] == 1
    put(entry(3, TEXTS[3], TEXTS[4]))
    assert find(TEXTS[3][:2]) == scanned(entries, TEXTS[3][:2])


@pytest.mark.parametrize("room", [0, 60])
def test_an_index_of_before_is_taken_over(store: Path, room: int):
    """Version 0.1 had the marks of who may see an entry beside its words, not in them.

    :param room: for so many words at once, in place of what the script takes for itself.
    """
    some = [frozenset({"node"}), frozenset({"organ:1", "post:2"})]
    some.append(frozenset({"node", *(f"organ:{number}" for number in range(20))}))
    put(*[entry(n, f"{TEXTS[n]}，ＯＦＤ", TEXTS[n + 1], some[n % 3]) for n in range(12)])
    with transaction():
        search.remove("document", "d5")
    asked = [(query, who) for query in queries()[:60] for who in (*some, frozenset({"post:2"}))]
    before = [find(query, who) for query, who in asked]
    part = room_set("storage")
    with connection():
        runner = Runner(db.obj, str(part.directory), table_name="migration_storage")
        runner.down("0002_marked_words")
        if not on_postgresql():
            wanted = f'title : "ofd" AND scope : {marks("may", ["post:2"])[0]}'
            old = db.execute_sql(f"SELECT COUNT(*) FROM search_text('{wanted}')")  # noqa: S608  # ours
            assert old.fetchone() == (4,)
        if room:
            script = runner.migrations()[1].load()
            script.AT_ONCE = room
            with db.atomic():
                script.up(runner.migrator, db.obj)
            runner.fake("0002_marked_words")
    migrate([part])
    assert [find(query, who) for query, who in asked] == before
    assert any(before)
    put(entry(3, "改了"))
    assert find("改了") == ["d3"]


def test_what_very_many_may_see_is_found_by_each_and_kept_once(store: Path):
    """An announcement to all organs, beside the documents that each has for himself."""
    organs = [f"organ:{number}" for number in range(300)]
    put(entry(0, "会议通知，全体", "请各单位参加会议", frozenset(organs)))
    put(*[entry(n, "会议通知", "内部", frozenset({one})) for n, one in enumerate(organs[:30], 1)])
    for number in (0, 7, 29):
        assert find("会议", {organs[number]}) == [f"d{number + 1}", "d0"]
        assert find("参加 全体", {organs[number]}) == ["d0"]
    assert find("会议", {organs[299]}) == ["d0"]
    assert find("会议", {"organ:other"}) == find("x", {organs[0]}) == find("y", {organs[0]}) == []
    if not on_postgresql():
        with connection():
            (size,) = db.execute_sql("SELECT SUM(LENGTH(block)) FROM search_text_data").fetchone()
        assert size < 100_000
    put(entry(0, "新的", "", frozenset(organs[:1])))
    assert find("新的", {organs[0]}) == ["d0"]
    assert find("参加", {organs[1]}) == []


def test_hits_of_plugins_that_are_off_are_passed_over(store: Path):
    """However many of them come first, the rest is found, in pages, each once."""
    put(*[entry(n, "通知", plugin="documents" if n % 9 == 0 else "other") for n in range(200)])
    found: list[str] = []
    page = search.find("通知", ALL, {"documents"}, 4)
    while True:
        found += [hit.uid for hit in page.hits]
        if page.next is None:
            break
        page = search.find("通知", ALL, {"documents"}, 4, page.next)
    assert found == [f"d{n}" for n in range(198, -1, -9)]
