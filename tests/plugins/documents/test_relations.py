"""Up, down and across, in the small node."""

from kernel.api import connection, transaction
from kernel.identity.models import UnitTie
from plugins.documents.elements import recipients
from plugins.documents.relations import relations
from tests.plugins.people import Flow

DIRECT = ("620702-GOV",)
OFFICE, FINANCE, GOVERNMENT = "620700-CPCO", "620700-GFIN", "620700-GOV"


def test_a_department_writes_upwards_to_its_government_or_to_its_office(flow: Flow):
    with connection():
        for name in (GOVERNMENT, "620700-GOVO", "张掖市人民政府办公室"):
            found = relations(FINANCE, [name], [])
            assert len(found.upward) == 1, name
            assert found.passed_over == ()


def test_a_township_that_skips_its_county_is_told_whom_to_copy(flow: Flow):
    (county,) = DIRECT
    with transaction():
        # The small node has no county government; its place in the line of command is enough.
        UnitTie.create(unit=county, to=GOVERNMENT, kind="superior")
        found = relations("620702101", [GOVERNMENT], [])
        copied = relations("620702101", [GOVERNMENT], ["620702-CPCO"])
    assert len(found.upward) == 1
    assert found.passed_over == copied.passed_over == (county,)


def test_groups_and_equals_are_no_superiors(flow: Flow):
    with connection():
        found = relations(OFFICE, ["各县（区）委", FINANCE], ["市教育局"])
    assert found.upward == found.passed_over == found.below == found.unknown == ()


def test_what_nobody_knows_is_named(flow: Flow):
    with connection():
        assert relations(OFFICE, ["某某局"], ["市教育局"]).unknown == ("某某局",)


def test_each_box_receives_once_and_never_the_sender(flow: Flow):
    with connection():
        found = recipients(["市直各部门、各单位"], ["市教育局", FINANCE], OFFICE)
    codes = [code for code, _role in found]
    assert OFFICE not in codes
    assert len(set(codes)) == len(codes)
    assert dict(found)["620700-GEDU"] == "main"


def test_a_full_name_without_its_region_is_understood(flow: Flow):
    with connection():
        found = recipients(["市人大常委会办公室"], ["市政协办公室"], OFFICE)
    assert found == [("620700-NPCO", "main"), ("620700-CPPCCO", "cc")]
