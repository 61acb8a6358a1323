"""Nothing that is put into a page becomes HTML unless it is HTML already."""

from config.page.markup import Markup, tag, void


def test_text_and_attributes_are_escaped_and_markup_is_not() -> None:
    assert tag("p", "<b> & ", Markup("<i>x</i>"), title='"<') == '<p title="&quot;&lt;">&lt;b&gt; &amp; <i>x</i></p>'


def test_attributes_that_python_cannot_name_have_their_spelling() -> None:
    assert void("meta", name="a", http_equiv="b", class_="c") == '<meta name="a" http-equiv="b" class="c">'
