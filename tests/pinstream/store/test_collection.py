"""A filter means the same as a Python predicate and as a Milvus expression, whatever the names in it hold."""

from dataclasses import replace

from pinstream.store.collection import TOMBSTONE_CODE, Row, Where, collection_name, list_literal, row_key, tombstone

ROW = Row(pin_id="pin", slot=1, alive=True, code=TOMBSTONE_CODE, version=1, label="Hat", image_sha256="aa")


def test_each_embedding_version_has_its_own_collection() -> None:
    assert collection_name(1) != collection_name(2)


def test_a_key_is_the_pin_and_its_slot() -> None:
    assert row_key("pin", 0) == "pin#0"
    assert ROW.key == "pin#1"


def test_dead_rows_are_never_accepted() -> None:
    assert not Where().accepts(tombstone("pin", 0, 1, at_ms=0))
    assert Where().expression() == "alive == true"


RESTRICTIONS: tuple[tuple[Where, str, bool], ...] = (
    (Where(slots="whole"), "slot == 0", False),
    (Where(slots="objects"), "slot > 0", True),
    (Where(domains=frozenset({"web", "camera"})), 'domain in ["camera", "web"]', True),
    (Where(domains=frozenset({"catalog"})), 'domain in ["catalog"]', False),
    (Where(labels=frozenset({"Hat"})), 'label in ["Hat"]', True),
    (Where(image_sha256s=frozenset({"bb"})), 'image_sha256 in ["bb"]', False),
    (Where(pins=frozenset({"pin"})), 'pin_id in ["pin"]', True),
    (Where(published_since_ms=1), "published_at_ms >= 1", False),
    (Where(not_pins=frozenset({"pin"})), 'pin_id not in ["pin"]', False),
    (Where(not_image_sha256s=frozenset({"aa"})), 'image_sha256 not in ["aa"]', False),
)


def test_every_restriction_means_the_same_in_milvus_and_in_python() -> None:
    wrong = [
        where
        for where, expression, accepted in RESTRICTIONS
        if where.expression() != f"alive == true and {expression}"
        or where.accepts(ROW) is not accepted
        or where.accepts(replace(ROW, alive=False))
    ]

    assert not wrong


def test_restrictions_add_up() -> None:
    where = Where(slots="objects", labels=frozenset({"Hat"}), not_pins=frozenset({"a"}))

    assert where.expression() == 'alive == true and slot > 0 and label in ["Hat"] and pin_id not in ["a"]'


def test_no_name_can_change_what_an_expression_means() -> None:
    assert list_literal(['a"] or alive == false or label in ["', "back\\slash"]) == (
        r'["a\"] or alive == false or label in [\"", "back\\slash"]'
    )


def test_an_empty_set_accepts_nothing() -> None:
    assert Where(labels=frozenset()).accepts_nothing
    assert not Where(labels=frozenset()).accepts(ROW)
    assert not Where().accepts_nothing
