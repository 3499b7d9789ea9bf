"""Security, row 6: nobody grants what he lacks or beyond his organ, whatever the order.

Random sequences of grants by everybody to everybody. The oracle keeps its own account of who holds
what and never asks the code that it judges.
"""

import random

import pytest

from kernel.acts.gate import perform, prepare
from kernel.acts.house.grants import grant
from kernel.errors import OfficeError
from kernel.identity.desk import Desk, desk_of
from kernel.identity.models import Grant, Post
from kernel.identity.rights import rights
from kernel.storage.database import connection, transaction
from kernel.testing_office import Office

CPCO, GFIN = "620700-CPCO", "620700-GFIN"
PEOPLE = ["林晓梅", "王芳", "孙倩", "赵敏华", "刘志强", "杨帆", "何静"]
LEVELS = ["house.grant", "documents.seal", "documents.sign", "exchange.handle", "house.keys"]
STEPS = 120


def administrators(office: Office) -> None:
    """Somebody in each organ may grant, beside the three administrators of the node."""
    with transaction():
        for name in ("孙倩", "刘志强"):
            post = Post.get(Post.uid == office.post(name).uid)
            Post.update(roles=[*post.roles, "unit_admin"]).where(Post.uid == post.uid).execute()


def held(posts: dict[str, Post]) -> dict[str, frozenset[str]]:
    with connection():
        return {name: rights().of(Post.get(Post.uid == post.uid)) for name, post in posts.items()}


def may(desk: Desk, before: frozenset[str], target: Post, level: str) -> bool:
    """What the house's rule says, in its own words."""
    if "house.grant" not in before or target.person == desk.person:
        return False
    if {"system_admin", "security_admin", "audit_admin"} & set(target.roles):
        return False
    if "security_admin" in desk.post.roles:
        return True  # assigns the rights of others and holds none of them
    return target.unit.organ == desk.organ_code and level in before


@pytest.mark.parametrize("seed", [1, 2])
def test_nobody_grants_what_he_lacks_or_beyond_his_organ(office: Office, seed: int):
    administrators(office)
    chance = random.Random(seed)
    posts = {name: office.post(name) for name in PEOPLE}
    done = refused = 0
    for _ in range(STEPS):
        giver, taker = chance.choice(PEOPLE), chance.choice(PEOPLE)
        level, given = chance.choice(LEVELS), chance.random() < 0.7
        before = held(posts)
        desk = office.desk(giver)
        allowed = may(desk, before[giver], posts[taker], level)
        try:
            act = prepare(desk, grant, post=posts[taker].uid, level=level, given=given)
            perform(desk, act, office.sign(desk, act))
        except OfficeError:
            assert not allowed, (giver, taker, level)
            assert held(posts) == before
            refused += 1
            continue
        assert allowed, (giver, taker, level)
        expected = before[taker] | {level} if given else before[taker] - {level}
        assert held(posts) == before | {taker: expected}
        done += 1
    assert done > 5 and refused > 20


def test_a_right_taken_from_the_granter_counts_at_once(office: Office):
    administrators(office)
    clerk, target = office.desk("孙倩"), office.post("林晓梅")
    act = prepare(clerk, grant, post=target.uid, level="exchange.handle", given=True)
    with transaction():
        Grant.create(post=clerk.post.uid, level="exchange.handle", given=False, act="x")
        poorer = desk_of(Post.get(Post.uid == clerk.post.uid), credential=clerk.credential,
                         session=clerk.session, origin=clerk.origin)  # fmt: skip
    with pytest.raises(OfficeError, match=r"rights\.beyond"):
        perform(poorer, act, office.sign(clerk, act))
