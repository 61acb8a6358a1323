"""One message from several sources is linked and compared in the report; none is preferred."""

from casefiles.report.sources import OtherSource, sources_of
from evidence.canonical import Json
from tests.casefiles.report.test_received import shown


def sight(method: str | None, **values: Json) -> tuple[str, dict[str, Json]]:
    return "observed", {
        "kind": "message",
        "channel_id": "7",
        "message_id": "5",
        "method": method,
        "text": "a",
        **values,
    }


def test_values_that_only_one_source_has_are_no_difference() -> None:
    items = shown([sight("desktop-json"), sight("telegram", text="b", edited_at="T"), sight("web-page")])
    assert sources_of(items) == {
        0: (OtherSource(2, ("text",)), OtherSource(3, ())),
        1: (OtherSource(1, ("text",)), OtherSource(3, ("text",))),
        2: (OtherSource(1, ()), OtherSource(2, ("text",))),
    }


def test_two_versions_from_one_source_are_an_edit_and_other_kinds_are_no_message() -> None:
    edit = [sight("telegram"), sight("telegram", kind="edit", text="b")]
    assert sources_of(shown(edit)) == {}
    others = [sight("telegram", kind="deletion"), sight("file", kind="file"), sight("web-page", message_id="6")]
    assert sources_of(shown([*edit[:1], *others])) == {}


def test_what_is_withheld_says_nothing_against_another() -> None:
    both = [sight("desktop-json"), sight("telegram", text="b")]
    assert sources_of(shown(both, withheld=["text"])) == {0: (OtherSource(2, ()),), 1: (OtherSource(1, ()),)}
    assert sources_of(shown(both, withheld=["method"])) == {}
