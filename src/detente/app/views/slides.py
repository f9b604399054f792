"""What the page shows as one slide: a table that can be edited, and the map as a picture."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from detente.app.state import State
from detente.app.views.charts import as_png, drawn_of
from detente.app.views.contents import View, fine, signed, views_of
from detente.extras import Library
from detente.report import text

pptx = Library("pptx", "app", "writing slides")
lengths = Library("pptx.util", "app", "writing slides")
texts = Library("pptx.enum.text", "app", "writing slides")

WIDE, HIGH = 13.333, 7.5
"""Inches of a slide of 16 to 9."""
MARGIN = 0.5
MOST_ROWS = 9
FIRST, WIDTHS = 1.3, {1: (2.9, 1.9), 2: (1.6, 0.8)}
"""Inches of the columns of a table: names, and the two of each scenario, by how many there are."""


def slide(state: State) -> bytes:
    """Write the view as a presentation of one slide; raises as `simulate` does."""
    views = views_of(state, bands=True)
    deck = pptx.Presentation()
    deck.slide_width, deck.slide_height = lengths.Inches(WIDE), lengths.Inches(HIGH)
    page = deck.slides.add_slide(deck.slide_layouts[5])
    _title(page, views)
    _table(page, views)
    _pictures(page, views)
    _written(page, _told(views), (MARGIN, 6.55, WIDE - 2 * MARGIN, 0.6), 11)
    saved = BytesIO()
    deck.save(saved)
    return saved.getvalue()


def _box(place: tuple[float, float, float, float]) -> list[Any]:
    return [lengths.Inches(size) for size in place]


def _title(page: Any, views: list[View]) -> None:
    title = page.shapes.title
    title.left, title.top, title.width, title.height = _box((MARGIN, 0.3, WIDE - 2 * MARGIN, 1.0))
    lines = [f"{v.name.upper() if views[1:] else v.title}: {v.headline}" for v in views]
    title.text_frame.text = "\n".join(lines)
    title.text_frame.word_wrap = True
    for paragraph in title.text_frame.paragraphs:
        paragraph.font.size, paragraph.font.bold = lengths.Pt(22 if views[1:] else 26), True
        paragraph.alignment = texts.PP_ALIGN.LEFT


def _table(page: Any, views: list[View]) -> None:
    """Countries and groups: percent of income with the band, and dollars, of each scenario."""
    codes = list(dict.fromkeys(c for v in views for c in v.results.rows["chosen"]))[:MOST_ROWS]
    heads = [
        f"{v.name.upper()}: {words}" if views[1:] else words
        for v in views
        for words in ("% of income", "Million dollars a year")
    ]
    rows = [["", *heads]]
    rows += [[text.country(c), *(x for v in views for x in _numbers(v, c))] for c in codes]
    place = (MARGIN, 1.5, 6.1, 0.4 * len(rows))
    table = page.shapes.add_table(len(rows), len(rows[0]), *_box(place)).table
    for x, width in enumerate([FIRST, *WIDTHS[len(views)] * len(views)]):
        table.columns[x].width = lengths.Inches(width)
    for y, row in enumerate(rows):
        for x, words in enumerate(row):
            cell = table.cell(y, x)
            cell.text = words
            paragraph = cell.text_frame.paragraphs[0]
            paragraph.font.size = lengths.Pt(10 if views[1:] else 12)
            paragraph.alignment = texts.PP_ALIGN.RIGHT if x else texts.PP_ALIGN.LEFT


def _numbers(view: View, code: str) -> tuple[str, str]:
    row = view.results.rows["chosen"].get(code)
    if row is None:
        return text.NOTHING, text.NOTHING
    band = f" ({fine(row.low)} to {fine(row.high)})" if hasattr(row, "low") else ""
    return f"{fine(row.percent)}{band}", signed(row.million_usd)


def _pictures(page: Any, views: list[View]) -> None:
    height = 4.9 / len(views)
    for place, view in enumerate(views):
        spec = drawn_of(view, "map")
        box = _box((6.8, 1.5 + place * height, WIDE - 6.8 - MARGIN, height))
        picture = page.shapes.add_picture(BytesIO(as_png(spec)), *box[:2], width=box[2])
        picture._element.nvPicPr.cNvPr.set("descr", spec["description"])
        if picture.height > box[3]:
            picture.width, picture.height = picture.width * box[3] // picture.height, box[3]


def _told(views: list[View]) -> str:
    """How sure it is, and what made it."""
    sure = " ".join(dict.fromkeys(f"{view.title}: {view.certainty}" for view in views))
    return f"{sure}\n{views[0].provenance}"


def _written(page: Any, words: str, place: tuple[float, float, float, float], size: float) -> None:
    frame = page.shapes.add_textbox(*_box(place)).text_frame
    frame.word_wrap = True
    frame.text = words
    for paragraph in frame.paragraphs:
        paragraph.font.size = lengths.Pt(size)
