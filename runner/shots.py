"""A passage of a PDF as a picture: the crop around it, its lines highlighted behind the text."""

from __future__ import annotations

import io
import unicodedata
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from .errors import UserError
from .records import dataclass

if TYPE_CHECKING:
    from PIL.Image import Image

_SCALE = 2  # pixels per point: 144 dpi
_YELLOW = (255, 236, 130)
_MARGIN = 6  # points of empty paper around the picture
_OVERHANG = 0.5  # points by which ink may leave its line
_CLOSE_ENOUGH = 90  # rapidfuzz's ratio: a picture may survive a sign that only one reader knows
_LARGEST = 20_000_000  # pixels
_PACKED = 3  # zlib's level: of text it makes smaller files than 6 does, in two thirds of the time


class ShotError(UserError):
    """No picture can be made of the passage; the message says why."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in points, the page's own coordinates: y grows upwards."""

    left: float
    bottom: float
    right: float
    top: float

    def with_(self, other: Box) -> Box:
        return Box(
            min(self.left, other.left),
            min(self.bottom, other.bottom),
            max(self.right, other.right),
            max(self.top, other.top),
        )


def crop(pdf: bytes, number: int, words: str, around: float = 0.0) -> bytes:
    """The PNG of the passage ``words`` on page ``number`` (from 1), the same bytes each time.

    ``around`` is how far down the page's text the passage begins, from 0 to 1: the nearest of
    several is taken. Raises ``ShotError`` where the page cannot be drawn or has no such words.
    """
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(pdf)
        page = document[number - 1]
    except (pypdfium2.PdfiumError, IndexError) as error:
        raise ShotError(f"page {number} cannot be drawn ({error}): look at the PDF") from None
    text = page.get_textpage()
    place = _place(_characters(text), words, around, number)
    lines = _lines(_boxes(text, place))
    if not lines:
        raise ShotError("the passage has no place on its page: it may be invisible text")
    return _png(_highlighted(page, lines, _whole_lines(text, place, lines)))


# --- where the passage stands -----------------------------------------------------------------


def _characters(text: Any) -> list[str]:
    """One entry for each of pdfium's characters; halves of a pair stand in the first's place."""
    import pypdfium2.raw as pdfium

    units = [pdfium.FPDFText_GetUnicode(text, index) for index in range(text.count_chars())]
    found = [chr(unit) if not 0xD800 <= unit < 0xE000 else "" for unit in units]
    for index, (high, low) in enumerate(pairwise(units)):
        if 0xD800 <= high < 0xDC00 <= low < 0xE000:
            found[index] = chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
    return found


def _letters(text: str) -> str:
    """What two readers of a PDF agree on: letters and digits, without marks and case."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(char for char in plain if char.isalnum())


def _place(characters: Sequence[str], words: str, around: float, number: int) -> range:
    """The characters of the passage."""
    folded = [_letters(char) for char in characters]
    owners = [index for index, letters in enumerate(folded) for _ in letters]
    page, wanted = "".join(folded), _letters(words)
    if not wanted:
        raise ShotError("the passage has no letter and no digit: there is nothing to show")
    starts = list(_occurrences(page, wanted))
    if starts:
        start = min(starts, key=lambda at: abs(at - around * len(page)))
        end = start + len(wanted)
    else:
        start, end = _nearly(page, wanted, number)
    return range(owners[start], owners[end - 1] + 1)


def _occurrences(page: str, wanted: str) -> Iterator[int]:
    at = page.find(wanted)
    while at >= 0:
        yield at
        at = page.find(wanted, at + 1)


def _nearly(page: str, wanted: str, number: int) -> tuple[int, int]:
    from rapidfuzz.fuzz import partial_ratio_alignment

    found = partial_ratio_alignment(wanted, page, score_cutoff=_CLOSE_ENOUGH)
    if found is None or len(page) < len(wanted) // 2 or found.dest_start >= found.dest_end:
        raise ShotError(f"page {number} does not show these words: its text may be a scan")
    return found.dest_start, found.dest_end


def _boxes(text: Any, place: Iterable[int]) -> Iterator[Box]:
    """The characters' boxes as high as their line, whatever ink they have."""
    import pypdfium2.raw as pdfium

    from_pdfium = pdfium.FS_RECTF()
    for index in place:
        if pdfium.FPDFText_IsGenerated(text, index) == 1:
            continue
        if pdfium.FPDFText_GetLooseCharBox(text, index, from_pdfium):
            box = Box(from_pdfium.left, from_pdfium.bottom, from_pdfium.right, from_pdfium.top)
            if box.right > box.left and box.top > box.bottom:
                yield box


def _whole_lines(text: Any, place: range, lines: Sequence[Box]) -> Box:
    """What to show: the lines with what stands before and behind the passage on them."""
    shown = reduce(Box.with_, lines)
    before = _boxes(text, range(place.start - 1, -1, -1))
    behind = _boxes(text, range(place.stop, text.count_chars()))
    first, last = next(_boxes(text, place)), deque(_boxes(text, place), maxlen=1)[0]
    for box in before:
        if not _continues(box, first):
            break
        shown, first = shown.with_(box), box
    for box in behind:
        if not _continues(last, box):
            break
        shown, last = shown.with_(box), box
    return shown


def _lines(boxes: Iterable[Box]) -> list[Box]:
    """The boxes of a line as one, line by line; text that runs upwards has lines too."""
    lines: list[Box] = []
    last: Box | None = None
    for box in boxes:
        if lines and last and _continues(last, box):
            lines[-1] = lines[-1].with_(box)
        else:
            lines.append(box)
        last = box
    return lines


def _continues(last: Box, box: Box) -> bool:
    along = _share(last.bottom, last.top, box.bottom, box.top)
    across = _share(last.left, last.right, box.left, box.right)
    size = max(last.top - last.bottom, last.right - last.left)
    if along > 0.5:
        return -size < box.left - last.right < 3 * size
    return across > 0.8 and max(box.bottom - last.top, last.bottom - box.top) < 0.3 * size


def _share(low: float, high: float, other_low: float, other_high: float) -> float:
    """How much of the shorter of two ranges the other covers."""
    shorter = min(high - low, other_high - other_low)
    return (min(high, other_high) - max(low, other_low)) / shorter


# --- the picture ------------------------------------------------------------------------------


def _highlighted(page: Any, lines: Sequence[Box], shown: Box) -> Image:
    """The part ``shown`` of the page, ``lines`` multiplied with yellow: black stays black."""
    from PIL import Image, ImageChops, ImageOps

    size = tuple(round(side * _SCALE) for side in page.get_size())
    left, top, right, bottom = _frame(_in_pixels(page, shown, size), size)
    bitmap = page.render(
        scale=_SCALE,
        crop=tuple(p / _SCALE for p in (left, size[1] - bottom, size[0] - right, top)),
        draw_annots=False,
    )
    picture = bitmap.to_pil().convert("RGB")
    paper = picture.getpixel((0, 0))
    for line in lines:
        box = _in_pixels(page, line, size)
        place = (box[0] - left, box[1] - top, box[2] - left, box[3] - top)
        ink = picture.crop(place)
        picture.paste(ImageChops.multiply(ink, Image.new("RGB", ink.size, _YELLOW)), place)
    return ImageOps.expand(picture, _MARGIN * _SCALE, paper)


def _in_pixels(page: Any, box: Box, size: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom in the whole page's picture, as the page is turned."""
    from pypdfium2 import PdfPosConv

    device = PdfPosConv(page, (0, 0, *size, 0))
    corners = [device.to_bitmap(box.left, box.bottom), device.to_bitmap(box.right, box.top)]
    across, down = zip(*corners, strict=True)
    return min(across), min(down), max(across), max(down)


def _frame(shown: tuple[int, int, int, int], size: tuple[int, ...]) -> tuple[int, int, int, int]:
    """``shown`` with what ink hangs over its edges, within the page."""
    over = round(_OVERHANG * _SCALE)
    left, top = max(shown[0] - over, 0), max(shown[1] - over, 0)
    right, bottom = min(shown[2] + over, size[0]), min(shown[3] + over, size[1])
    if left >= right or top >= bottom:
        raise ShotError("the passage stands outside the page's visible part")
    if (right - left) * (bottom - top) > _LARGEST:
        raise ShotError("the passage is larger than a picture can be")
    return left, top, right, bottom


def _png(picture: Image) -> bytes:
    data = io.BytesIO()
    picture.save(data, "PNG", compress_level=_PACKED)
    return data.getvalue()
