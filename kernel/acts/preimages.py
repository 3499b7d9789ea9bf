"""Private texts and opinions against the acts that they belong to, for ``log verify``.

The signed bytes hold a salted digest of each private text. The text itself has to open it, and an
opinion has to say what its act says: these words, this person, this object.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from kernel.acts.models import Act, ActPrivate, Opinion, Proposal
from kernel.acts.people import signed_names
from kernel.crypto import canonical
from kernel.errors import OfficeError
from kernel.identity.desk import written_name
from kernel.identity.models import Post
from kernel.storage.comparing import Found, Row, absent, by, differs, missing, near, rows_of
from kernel.storage.models import LogLeaf

Genuine = Collection[tuple[Row, dict[str, Any]]]
"""Acts whose bytes are those of their leaves, with what the bytes say."""
NAMES = {
    "kind": ("事项种类", "the kind of object"),
    "subject": ("事项", "the object"),
    "organ": ("机关", "the organ"),
    "person": ("签署人", "the person"),
    "person_name": ("签署人姓名", "the name of the person"),
    "scan": ("扫描件", "the scan"),
    "at": ("签署时间", "the time"),
}


def compare(acts: Genuine) -> Iterator[Found]:
    """Compare the texts and opinions of these acts with what was signed."""
    uids = [row["uid"] for row, _ in acts]
    texts = by(rows_of(ActPrivate, where=[ActPrivate.act.in_(uids)]), "act")
    opinions = by(rows_of(Opinion, where=[Opinion.act.in_(uids)]), "act")
    names = _names([facts for row, facts in acts if row["uid"] in opinions])
    for row, facts in acts:
        uid = row["uid"]
        yield from _texts(uid, facts, texts.get(uid, []))
        seen: list[tuple[str, str]] = []
        for opinion in opinions.get(uid, []):
            where, words = f"opinion {opinion['uid']}", (opinion["text"], opinion["ink"])
            if words in seen:
                yield where, _TWICE.format(uid, uid)
            seen.append(words)
            if not _said(opinion["text"], uid, facts, texts.get(uid, [])):
                yield where, _OTHER_WORDS.format(uid, uid)
            if opinion["ink"] != _drawn(facts, texts.get(uid, [])):
                yield where, _OTHER_INK.format(uid, uid)
            for name, signed in _columns(row, facts, opinion, names).items():
                if opinion[name] != signed:
                    yield where, differs(NAMES[name], opinion[name], signed)
            title = names.get((facts["acting_for"] or facts["desk"])["post"])
            if title is not None and opinion["post_title"] != title:
                yield where, _OTHER_TITLE.format(opinion["post_title"], title)


def strays() -> Iterator[Found]:
    """Texts and opinions of acts that never were; of one that is gone, its leaf tells."""
    for model, zh, en in ((ActPrivate, "文字", "a text"), (Opinion, "意见", "an opinion")):
        for uid in missing(model, model.act, Act.uid, absent(model.act, LogLeaf.ref)):
            yield (
                f"act {uid}",
                f"库中有属于此办理的{zh}，但没有此办理，不能作数，请报安全保密管理员"
                f" / {en} belongs to it, but there is no such act: do not rely on it",
            )


def commitments(facts: dict[str, Any]) -> dict[str, str]:
    """The private parameters of an act, each with the digest that was signed for it."""
    return {
        name: value["salted"]
        for name, value in facts["params"].items()
        if isinstance(value, dict) and value.keys() == {"salted"} and _is_text(value["salted"])
    }


def opens(row: Row, commitment: str) -> bool:
    """Whether a text with its salt is what a commitment was made of."""
    if not (_is_text(row["salt"]) and _is_text(row["text"])):
        return False
    try:
        canonical.check_salted(commitment, row["salt"], row["text"])
    except OfficeError:
        return False
    return True


def _texts(uid: str, facts: dict[str, Any], rows: list[Row]) -> Iterator[Found]:
    signed, kept = commitments(facts), {row["name"]: row for row in rows}
    for name in sorted(signed.keys() | kept.keys()):
        where = f"text {name} of act {uid}"
        if name not in kept:
            yield where, _GONE
        elif name not in signed:
            yield where, _NEVER
        elif not opens(kept[name], signed[name]):
            yield where, _ALTERED


_GONE = (
    "所签文字已从库中删除，签名中只有其摘要；请从备份中找回"
    " / its text is gone, what was signed is its digest only; look for the text in a backup"
)
_NEVER = (
    "签名内容中没有这段文字，不能作数，请报安全保密管理员"
    " / no such text was signed: do not rely on it, tell the security administrator"
)
_ALTERED = (
    "库中文字与签名中的摘要不符，已被改动；请从备份中找回原文"
    " / its text does not open the digest that was signed, so it was altered; look for the original"
    " in a backup"
)
_TWICE = (
    "办理 {} 的意见在库中不止一份，多出的来历不明；请与备份核对"
    " / act {} left this opinion once, and it stands there again: compare with a backup"
)
_OTHER_WORDS = (
    "意见文字不是办理 {} 所签的文字，已被改动；请从备份中找回原文"
    " / its words are not those of act {}, so they were altered; look for the original in a backup"
)


_OTHER_INK = (
    "手写内容不是办理 {} 所签的手写，已被改动；请从备份中找回原件"
    " / its handwriting is not that of act {}, so it was altered; look for the original in a backup"
)


_OTHER_TITLE = (
    "意见上的职务“{0}”与岗位登记“{1}”不同：本次核验如同时指出该岗位的职务被改，先改岗位；否则请与备份核对意见上的职务"
    " / its title {0!r} is not that of the post, {1!r}: where this check names the title of the"
    " post, too, put that right first, else compare the title of the opinion with a backup"
)


def _drawn(facts: dict[str, Any], rows: list[Row]) -> str:
    """The strokes that an act says; empty where it says none."""
    signed = commitments(facts).get("ink", "")
    found = (row["text"] for row in rows if row["name"] == "ink" and opens(row, signed))
    return str(next(found, ""))


def _said(text: object, uid: str, facts: dict[str, Any], rows: list[Row]) -> bool:
    """Whether an act says these words: in a text that opens its digest, or in its parameters."""
    if not _is_text(text):
        return False
    signed = commitments(facts)
    mine = [row["text"] for row in rows if opens(row, signed.get(row["name"], ""))]
    mine += [value for value in facts["params"].values() if _is_text(value)]
    if str(text).strip() in {one.strip() for one in mine}:
        return True
    about = facts["object"] or {}
    # Who confirms what another one proposed lets that one's words take effect.
    return about.get("kind") == Proposal.kind and _proposed(str(text), about["uid"])


def _proposed(text: str, proposal: str) -> bool:
    found = Proposal.select(Proposal.act).where(Proposal.uid == proposal)
    rows = rows_of(ActPrivate, where=[ActPrivate.act.in_(found)])
    return text.strip() in {str(row["text"]).strip() for row in rows}


def _columns(
    row: Row, facts: dict[str, Any], opinion: Row, names: dict[str, str]
) -> dict[str, Any]:
    desk, whom, about = facts["desk"], facts["acting_for"], facts["object"]
    person, other = names.get(desk["person"]), names.get(whom["person"]) if whom else ""
    signed = {"organ": desk["organ"], "person": desk["person"]}
    signed["scan"] = facts["params"].get("scan", "")
    if about is not None and about["kind"] != Proposal.kind:
        signed |= {"kind": about["kind"], "subject": about["uid"]}
    if person is not None and other is not None:
        signed["person_name"] = written_name(person, facts["mode"], other)
    if not near(opinion["at"], row["at"]):
        signed["at"] = row["at"]
    return signed


def _names(facts: list[dict[str, Any]]) -> dict[str, str]:
    """The signed names of persons and the titles of posts that these acts speak of, by uid."""
    places = [one for each in facts for one in (each["desk"], each["acting_for"]) if one]
    people, posts = {one["person"] for one in places}, {one["post"] for one in places}
    named = signed_names(people)
    titles = rows_of(Post, Post.uid, Post.title, where=[Post.uid.in_(list(posts))])
    return named | {row["uid"]: row["title"] for row in titles}


def _is_text(value: object) -> bool:
    return isinstance(value, str)
