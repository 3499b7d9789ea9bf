"""Units and people as the command line names them."""

from __future__ import annotations

from kernel.acts.terminal import desk_at
from kernel.errors import Invalid, NotFound
from kernel.identity import units
from kernel.identity.desk import Desk
from kernel.identity.models import Person, Post, Unit
from kernel.storage.database import connection


def unit_named(name: str) -> Unit:
    """The unit with this code, name, short name or alias; NotFound ``units.unknown``."""
    found = units.by_name(name)
    return found if found is not None else Unit.by_code(name)


def posts_named(name: str) -> list[Post]:
    """The active posts of everybody who has this name or this uid."""
    query = Post.select(Post, Person, Unit).join(Person).switch(Post).join(Unit)
    who = (Person.name == name) | (Person.uid == name)
    return list(query.where(who & Post.active & Person.active).order_by(Post.rank, Post.id))


def at_desk(name: str) -> Desk:
    """The desk of a person, with a key that lives on this machine (demo nodes).

    :param name: a name, or ``name@unit`` where several people have it.
    :raises NotFound: ``people.unknown``. :raises Invalid: ``people.several``.
    """
    who, _, where = name.partition("@")
    with connection():
        found = posts_named(who)
        if where:
            code = unit_named(where).code
            found = [post for post in found if code in (post.unit.code, post.unit.organ)]
    if not found:
        raise NotFound(
            "people.unknown",
            f"没有叫“{name}”的在职人员，可用 people list 查询。",
            f"Nobody called {name!r} works here; `people list` shows who does.",
        )
    if len({post.person.uid for post in found}) > 1:
        places = "、".join(f"{who}@{post.unit.code}" for post in found)
        raise Invalid(
            "people.several",
            f"有多个“{who}”，请写明单位：{places}。",
            f"Several people are called {who}; name the unit: {places}.",
        )
    return desk_at(found[0])
