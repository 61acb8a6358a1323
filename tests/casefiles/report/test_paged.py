"""A verifier without a maker of pages makes none, and nobody asked it to."""

from casefiles.report.paged import NO_MAKER, PageMaker, Remaking


def test_no_maker_makes_nothing_and_was_not_asked() -> None:
    assert Remaking() == NO_MAKER
    assert (NO_MAKER.maker, NO_MAKER.asked) == (None, False)


def test_makers_of_one_edition_are_told_apart_by_it_alone() -> None:
    maker = PageMaker("typst 0", lambda report, language, made_at: {})
    assert Remaking(maker).maker is maker
