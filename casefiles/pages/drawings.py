"""The drawings of a report, as SVG without a word in it: strips with bars. The labels stand beside them as text.

Black on white, so that a copy shows what the print shows. Pure; standard library only.
"""

from collections.abc import Iterable, Sequence

from casefiles.report.data import IdSpan

WIDTH, HEIGHT = 480, 24
_BINS = 120
_LEAST = 3.0
"""The height of the smallest bar, and the width of a span of one number among a million."""


def histogram(places: Iterable[float]) -> str:
    """Drawn for the PDF: how many of something are where, as bars over a line.

    Args:
        places: From 0, the left end, to 1, the right one.
    """
    bins = [0] * _BINS
    for place in places:
        bins[min(_BINS - 1, int(place * _BINS))] += 1
    most, wide = max(bins, default=0), WIDTH / _BINS
    bars = []
    for at, count in enumerate(bins):
        if count:
            high = max(_LEAST, (HEIGHT - 2) * count / most)
            bars.append(_rect(at * wide, HEIGHT - 1 - high, wide - 0.5, high))
    return _svg([*bars, _rect(0, HEIGHT - 1, WIDTH, 0.5)])


def spans_drawn(shown: Sequence[IdSpan], unseen: Sequence[IdSpan], over: IdSpan) -> str:
    """Drawn for the PDF: which numbers of a channel are shown, as black bars, and which were not seen, as boxes."""
    boxes = [_rect(*_place(span, over), open_=True) for span in unseen]
    return _svg([*boxes, *(_rect(*_place(span, over)) for span in shown), _rect(0, HEIGHT - 1, WIDTH, 0.5)])


def sign_shown() -> str:
    """Drawn for the PDF: the black bar, alone."""
    return _svg([_rect(1, 4, 22, 16)], width=HEIGHT)


def sign_unseen() -> str:
    """Drawn for the PDF: the open box, alone."""
    return _svg([_rect(1, 4, 22, 16, open_=True)], width=HEIGHT)


def _place(span: IdSpan, over: IdSpan) -> tuple[float, float, float, float]:
    first, numbers = over[0], over[1] - over[0] + 1
    left = (span[0] - first) / numbers * WIDTH
    wide = max(_LEAST / 2, (span[1] - span[0] + 1) / numbers * WIDTH)
    return min(left, WIDTH - wide), 4, wide, HEIGHT - 5


def _rect(x: float, y: float, wide: float, high: float, *, open_: bool = False) -> str:
    form = f'<rect x="{x:.2f}" y="{y:.2f}" width="{wide:.2f}" height="{high:.2f}"'
    return f'{form} fill="#fff" stroke="#000" stroke-width="0.8"/>' if open_ else f'{form} fill="#000"/>'


def _svg(parts: Iterable[str], *, width: int = WIDTH) -> str:
    drawn, size = "".join(parts), f'viewBox="0 0 {width} {HEIGHT}" width="{width}" height="{HEIGHT}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{drawn}</svg>'
