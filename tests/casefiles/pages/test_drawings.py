"""The drawings are bars of plain SVG, in their place."""

import re
import xml.etree.ElementTree as ET

from casefiles.pages.drawings import HEIGHT, WIDTH, histogram, sign_shown, sign_unseen, spans_drawn
from tests.nonempty import nonempty


def bars(svg: str) -> list[dict[str, str]]:
    return [bar.attrib for bar in ET.fromstring(svg)]  # noqa: S314 - our own


def test_the_more_lie_at_a_place_the_higher_its_bar() -> None:
    first, last, line = bars(histogram([0.0, 0.0, 0.0, 1.0]))
    assert float(first["x"]) == 0
    assert float(last["x"]) > WIDTH * 0.98
    assert float(first["height"]) > float(last["height"]) > 2
    assert float(line["width"]) == WIDTH


def test_nothing_is_a_line_alone() -> None:
    assert len(bars(histogram([]))) == 1


def test_what_is_shown_is_black_and_what_was_not_seen_is_an_open_box() -> None:
    box, bar, _ = bars(spans_drawn([(1, 5)], [(6, 10)], (1, 10)))
    assert (box["fill"], bar["fill"]) == ("#fff", "#000")
    assert float(bar["x"]) == 0
    assert float(box["x"]) == float(box["width"]) == WIDTH / 2


def test_one_message_among_a_million_can_be_seen_and_stays_in_the_drawing() -> None:
    for span in nonempty([(1, 1), (1_000_000, 1_000_000)]):
        bar, _ = bars(spans_drawn([span], [], (1, 1_000_000)))
        assert float(bar["width"]) >= 1
        assert 0 <= float(bar["x"]) <= WIDTH - float(bar["width"])


def test_a_drawing_holds_bars_alone() -> None:
    for svg in nonempty([histogram([0.5]), spans_drawn([(1, 2)], [(3, 4)], (1, 4)), sign_shown(), sign_unseen()]):
        assert set(re.findall(r"<(\w+)", svg)) == {"svg", "rect"}
        assert f'height="{HEIGHT}"' in svg
