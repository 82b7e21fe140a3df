"""Pictures of passages: the right words on yellow, nothing else, the same bytes each time."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from PIL import Image
from small_pdfs import assembled, lines, pdf, stream

from runner.shots import ShotError, crop

PAPERS = Path(os.environ.get("RUNNER_PAPERS", Path(__file__).parents[1] / ".." / "shared/papers"))
YELLOW = (255, 236, 130)
PAGE = pdf(
    lines(
        "A first line that nobody quotes.",
        "We quote these words, and they run on",
        "to the end of the next line. The rest",
        "is not quoted at all.",
    )
)
QUOTE = "We quote these words, and they run on to the end of the next line."


def picture(data: bytes) -> Image.Image:
    assert data.startswith(b"\x89PNG")
    return Image.open(io.BytesIO(data)).convert("RGB")


def yellow_rows(image: Image.Image) -> list[tuple[int, int]]:
    """First and last row of each band that has yellow in it."""
    has = [
        any(image.getpixel((x, y)) == YELLOW for x in range(image.width))
        for y in range(image.height)
    ]
    edges = [y for y in range(1, len(has)) if has[y] != has[y - 1]]
    return list(zip(edges[::2], edges[1::2], strict=True))


def yellow_part(image: Image.Image) -> float:
    colours = image.getcolors(image.width * image.height) or []
    return sum(count for count, colour in colours if colour == YELLOW) / (
        image.width * image.height
    )


def dark(image: Image.Image) -> int:
    return sum(count for count, colour in image.getcolors(1 << 20) or [] if max(colour) < 60)


def test_the_lines_of_the_passage_are_yellow_and_no_other_is_shown() -> None:
    image = picture(crop(PAGE, 1, QUOTE))
    bands = yellow_rows(image)
    assert len(bands) == 2
    # Two lines of 16 points at two pixels a point, and the margin around them.
    assert 2 * 2 * 16 * 0.8 < image.height < 2 * 2 * 16 + 4 * 12
    assert yellow_part(image) > 0.3


def test_text_stays_black_on_yellow() -> None:
    assert dark(picture(crop(PAGE, 1, QUOTE))) > 500


def test_the_whole_lines_are_shown_with_what_is_not_quoted() -> None:
    words = picture(crop(PAGE, 1, "these words"))
    line = picture(crop(PAGE, 1, "We quote these words, and they run on"))
    assert words.size == line.size
    assert yellow_part(words) < 0.5 * yellow_part(line)


def test_the_same_passage_is_the_same_bytes() -> None:
    assert crop(PAGE, 1, QUOTE) == crop(PAGE, 1, QUOTE)


@pytest.mark.parametrize(
    "words",
    [
        "we QUOTE   these\nwords and they run on",
        "We quote these words, and they run\u00ad on",
        "\u201cWe quote these words\u201d \u2014 and they run on",
    ],
)
def test_words_are_found_however_they_are_typeset(words: str) -> None:
    assert crop(PAGE, 1, words) == crop(PAGE, 1, "We quote these words, and they run on")


def test_a_sign_that_the_two_readers_see_differently_does_no_harm() -> None:
    nearly = "We quote these words, an\u2211 they run on to the end of the next line."
    assert len(yellow_rows(picture(crop(PAGE, 1, nearly)))) == 2


def test_the_nearest_of_several_places_is_shown() -> None:
    texts = [f"line {n} has the same words, again" for n in range(1, 9)]
    data = pdf(lines(*texts))
    shown = {crop(data, 1, "the same words", around) for around in (0.0, 0.5, 1.0)}
    exact = {crop(data, 1, f"line {n} has the same words") for n in (1, 8)}
    assert len(shown) == 3
    first, last = crop(data, 1, "the same words", 0.0), crop(data, 1, "the same words", 1.0)
    assert {picture(first).size, picture(last).size} == {picture(one).size for one in exact}


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_pages_that_are_turned(rotate: int) -> None:
    data = pdf(lines("turned words on a page"), rotate=rotate)
    image = picture(crop(data, 1, "turned words on a page"))
    assert (image.width > image.height) == (rotate in (0, 180))
    assert yellow_part(image) > 0.3 and dark(image) > 100


def test_text_that_runs_upwards() -> None:
    content = "BT /F1 12 Tf 0 1 -1 0 100 300 Tm (upwards it goes) Tj ET"
    image = picture(crop(pdf(content), 1, "upwards it goes"))
    assert image.height > image.width and yellow_part(image) > 0.3


def test_two_columns_each_have_their_lines() -> None:
    left = lines("the left column ends", "with these words", x=72, top=700)
    right = lines("and goes on at the top", "of the right one", x=320, top=700)
    image = picture(crop(pdf(f"{left}\n{right}"), 1, "with these words and goes on at the top"))
    assert len(yellow_rows(image)) == 2


def test_a_page_box_that_does_not_start_at_the_origin() -> None:
    data = pdf(lines("far away", x=1072, top=1700), box="1000 1000 1612 1792")
    image = picture(crop(data, 1, "far away"))
    assert yellow_part(image) > 0.2 and dark(image) > 50


def test_coloured_paper_stays_what_it_is_around_the_passage() -> None:
    content = "0.2 0.2 0.6 rg 0 0 612 792 re f 1 g\n" + lines("white on blue")
    image = picture(crop(pdf(content), 1, "white on blue"))
    assert image.getpixel((0, 0)) == (51, 51, 153)


@pytest.mark.parametrize(
    ("data", "number", "words", "said"),
    [
        (PAGE, 1, "words that are nowhere to be seen on it", "does not show these words"),
        (PAGE, 2, QUOTE, "page 2 cannot be drawn"),
        (PAGE, 1, "...", "no letter and no digit"),
        (b"%PDF-nonsense", 1, QUOTE, "cannot be drawn"),
        (pdf(""), 1, QUOTE, "does not show these words"),
        (pdf(lines("outside", x=-900)), 1, "outside", "outside the page|does not show"),
    ],
)
def test_what_cannot_be_pictured_is_said(data: bytes, number: int, words: str, said: str) -> None:
    with pytest.raises(ShotError, match=said):
        crop(data, number, words)


def test_a_page_as_large_as_a_house_is_refused() -> None:
    size = 14_000
    far = (
        lines("top left", x=10, top=size - 50) + "\n" + lines("bottom right", x=size - 200, top=50)
    )
    data = pdf(far, box=f"0 0 {size} {size}")
    with pytest.raises(ShotError, match="larger than a picture"):
        crop(data, 1, "top left bottom right")


def test_link_frames_are_not_drawn() -> None:
    page = (
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {0} 0 R /Annots [{1} 0 R] "
        "/Resources << /Font << /F1 3 0 R >> >> >>"
    )
    frame = "<< /Type /Annot /Subtype /Link /Rect [72 715 140 735] /Border [0 0 3] /C [1 0 0] >>"
    framed = assembled([page, stream(lines("see Section 3 for more").encode()), frame])
    plain = pdf(lines("see Section 3 for more"))
    assert crop(framed, 1, "Section 3") == crop(plain, 1, "Section 3")


@pytest.mark.parametrize(
    ("paper", "number", "words"),
    [
        ("2010.11929v2", 1, "we split an image into patches"),
        ("1512.03385v1", 1, "Is learning better networks as easy as stacking more layers?"),
    ],
)
def test_real_papers(paper: str, number: int, words: str) -> None:
    file = PAPERS / f"{paper}.pdf"
    if not file.is_file():
        pytest.skip(f"{file} is not here: name its folder in RUNNER_PAPERS")
    image = picture(crop(file.read_bytes(), number, words))
    assert 1 <= len(yellow_rows(image)) <= 2
    assert image.width < 900 and image.height < 120
