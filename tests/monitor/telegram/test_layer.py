"""The layer is read from Telethon's own classes, and is the one that is pinned."""

from monitor.telegram.layer import LAYER, PLAIN, constructors, fields_of, of_type
from tests.nonempty import nonempty


def test_the_layer_is_the_pinned_one() -> None:
    assert LAYER == 229
    assert len(constructors()) > 1600


def test_a_type_has_its_constructors_and_no_namesake() -> None:
    assert {one.name for one in of_type("Photo")} == {"Photo", "PhotoEmpty"}
    assert [one.namespace for one in of_type("EmojiGameOutcome")] == ["messages."]
    assert of_type("Hologram") == ()


def test_fields_say_what_they_hold_and_whether_they_may_be_left_out() -> None:
    fields = fields_of("Photo")
    assert (fields["sizes"].type, fields["sizes"].many, fields["sizes"].is_optional) == ("PhotoSize", True, False)
    assert (fields["file_reference"].type, fields["has_stickers"].is_optional) == ("bytes", True)
    assert "action" not in fields_of("Message")  # as the layer has it, not as Telethon's own class
    assert fields_of("Hologram") == {}


def test_every_field_has_a_type_that_the_layer_has() -> None:
    for one in nonempty(constructors()):
        for field in one.fields.values():
            known = field.type in PLAIN or of_type(field.type) or field.type == "future_salt"  # of the transport
            assert known, f"{one.name}.{field.name}"
