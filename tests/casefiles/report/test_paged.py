"""A verifier without a maker of pages makes none, and nobody asked it to."""

from casefiles.report.paged import NO_MAKER, PageMaker, Remaking


def test_no_maker_makes_nothing_and_was_not_asked() -> None:
    assert Remaking() == NO_MAKER
    assert (NO_MAKER.find, NO_MAKER.asked) == (None, False)


def test_a_maker_is_found_only_when_it_is_looked_for() -> None:
    maker = PageMaker("typst 0", lambda report, language, made_at: {})
    looked = list[PageMaker]()

    def find() -> PageMaker:
        looked.append(maker)
        return maker

    remaking = Remaking(find)
    assert not looked
    assert remaking.find is not None
    assert remaking.find() is maker
    assert looked == [maker]
