"""A PDF's pages as text that can be searched and selected, the way Obsidian's viewer does it."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import Protocol

from .folding import fold
from .records import dataclass
from .verdict import PageText, Selection


class Pages(Protocol):
    """The pages of one PDF, each parsed when it is asked for; page numbers count from 1."""

    @property
    def count(self) -> int: ...

    def page(self, number: int) -> PageText: ...


@dataclass(frozen=True, slots=True, order=True)
class Stretch:
    """Folded letters ``start`` to ``end``, the end exclusive, of page ``page``."""

    page: int
    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start

    def holds(self, other: Stretch) -> bool:
        inside = self.start <= other.start and other.end <= self.end
        return self.page == other.page and inside

    def meets(self, other: Stretch) -> bool:
        overlaps = self.start < other.end and other.start < self.end
        return self.page == other.page and overlaps


def selected_text(page: PageText, selection: Selection) -> str | None:
    """What Obsidian highlights and copies, lines ended by ``\\n``.

    Offsets count UTF-16 units, the end is exclusive, ``(i, 0)`` as an end is the end of the item
    before. ``None`` where the selection does not lie in the page. The two halves of a character
    outside the basic plane are U+FFFD each where the selection parts them.
    """
    first, begin, last, end = selection
    items = page.items
    if not 0 <= first <= last < len(items) or (first == last and begin > end):
        return None
    if not (0 <= begin <= _units(items[first].text) and 0 <= end <= _units(items[last].text)):
        return None
    if first == last:
        return _slice(items[first].text, begin, end)
    parts = [_slice(items[first].text, begin, None) + "\n" * items[first].ends_line]
    parts += [item.text + "\n" * item.ends_line for item in items[first + 1 : last]]
    parts.append(_slice(items[last].text, 0, end))
    return "".join(parts).strip("\n")


def _units(text: str) -> int:
    """The length of ``text`` in UTF-16."""
    return len(text) + sum(letter > "\uffff" for letter in text)


def _slice(text: str, begin: int, end: int | None) -> str:
    """``text`` from UTF-16 unit ``begin`` to ``end``."""
    if text.isascii() or max(text) <= "\uffff":
        return text[begin:end]
    units = text.encode("utf-16-le", "surrogatepass")
    part = units[2 * begin : None if end is None else 2 * end]
    return part.decode("utf-16-le", "replace")


class SearchablePage:
    """One page, folded: made once and asked often. Letters are counted in its folded text."""

    def __init__(self, page: PageText) -> None:
        self.page = page
        self.number = page.number
        lengths = (len(item.text) + item.ends_line for item in page.items)
        self._begins = [0, *accumulate(lengths)]
        self._item_starts = frozenset(self._begins)
        self.text = "".join(item.text + "\n" * item.ends_line for item in page.items)
        self._folded = fold(self.text)
        self.letters = self._folded.text

    # --- letters ---------------------------------------------------------------------------------

    def find(self, letters: str, *, cuts: tuple[int, ...] = ()) -> Iterator[Stretch]:
        """Where ``letters`` stand as whole words, or as words that are cut at ``cuts``."""
        start = self.letters.find(letters) if letters else -1
        while start >= 0:
            end = start + len(letters)
            if self._is_border(start, cuts) and self._is_border(end, cuts):
                yield Stretch(self.number, start, end)
            start = self.letters.find(letters, start + 1)

    def _is_border(self, at: int, cuts: tuple[int, ...]) -> bool:
        return at in cuts or not self.cuts_word(at)

    def cuts_word(self, at: int) -> bool:
        """Whether letter ``at`` and the one before it belong to one printed word.

        Only scripts with capitals count: others do not part words, or not by spaces.
        """
        if not 0 < at < len(self.letters):
            return False
        before, after = self._folded.starts[at - 1], self._folded.starts[at]
        if before == after:
            return True  # a ligature
        if self._folded.ends[at - 1] != after or after in self._item_starts:
            return False
        return _is_cased(self.text[before]) and _is_cased(self.text[after])

    def starts_line(self, at: int) -> bool:
        """Whether only spaces and signs stand before letter ``at`` in its line."""
        if at >= len(self.letters):
            return False
        return at == 0 or "\n" in self.between(at, at)

    def ends_line(self, at: int) -> bool:
        """Whether only spaces and signs stand behind letter ``at - 1`` in its line."""
        return at >= len(self.letters) or (at > 0 and self.starts_line(at))

    # --- printed words ---------------------------------------------------------------------------

    def words(self, start: int, end: int) -> str:
        """The printed text of letters ``start`` to ``end``, on one line."""
        if start >= end:
            return ""
        return on_one_line(self.text[self._folded.starts[start] : self._folded.ends[end - 1]])

    def word_at(self, at: int) -> str:
        """The printed word that letter ``at`` belongs to."""
        start, end = at, at
        while self.cuts_word(start):
            start -= 1
        while self.cuts_word(end):
            end += 1
        return self.words(start, max(end, start + 1))

    def between(self, low: int, high: int) -> str:
        """What is printed behind letter ``low - 1`` and before letter ``high``, signs and all."""
        start = self._folded.ends[low - 1] if low else 0
        end = self._folded.starts[high] if high < len(self.letters) else len(self.text)
        return self.text[start:end]

    def around(self, stretch: Stretch, width: int) -> tuple[str, str]:
        """Up to ``width`` characters of whole words before and behind a stretch."""
        start, end = self._folded.starts[stretch.start], self._folded.ends[stretch.end - 1]
        before = on_one_line(" " + self.text[max(start - 2 * width, 0) : start])
        after = on_one_line(self.text[end : end + 2 * width])
        if len(before) > width:
            before = before[-width:].partition(" ")[2]
        if len(after) > width:
            after = after[:width].rpartition(" ")[0]
        return before, after

    # --- selections ------------------------------------------------------------------------------

    def stretch_of(self, selection: Selection) -> Stretch | None:
        """The letters that a selection covers whole; ``None`` where it does not lie in the page."""
        if selected_text(self.page, selection) is None:
            return None
        first, begin, last, end = selection
        low = bisect_left(self._folded.starts, self._offset(first, begin))
        high = bisect_right(self._folded.ends, self._offset(last, end))
        return Stretch(self.number, low, max(low, high))

    def signs_around(self, stretch: Stretch, selection: Selection) -> tuple[str, str]:
        """What a selection covers before and behind ``stretch``, which lies in it."""
        first, begin, last, end = selection
        start, stop = self._folded.starts[stretch.start], self._folded.ends[stretch.end - 1]
        before = self.text[self._offset(first, begin) : start]
        return before, self.text[stop : self._offset(last, end)]

    def selection_of(self, stretch: Stretch, lead: str = "", tail: str = "") -> Selection:
        """The selection that pdf.js makes of a stretch of at least one letter.

        ``lead`` and ``tail``: signs before and behind the quote's letters; where the page has the
        same ones there, they are selected too.
        """
        start = self._folded.starts[stretch.start]
        end = self._folded.ends[stretch.end - 1]
        for sign in reversed("".join(lead.split())):
            inner = len(self.text[:start].rstrip())
            if not inner or not _is_same_sign(self.text[inner - 1], sign):
                break
            start = inner - 1
        for sign in "".join(tail.split()):
            outer = end + len(self.text[end:]) - len(self.text[end:].lstrip())
            if outer >= len(self.text) or not _is_same_sign(self.text[outer], sign):
                break
            end = outer + 1
        first, begin = self._unit(start)
        last, stop = self._unit(end - 1)
        return first, begin, last, stop + _units(self.text[end - 1])

    def ends_at(self, item: int, unit: int) -> bool:
        """Whether UTF-16 unit ``unit`` is at or behind the end of an item of this page."""
        items = self.page.items
        return item < len(items) and unit >= _units(items[item].text)

    def _offset(self, item: int, unit: int) -> int:
        """The character of ``self.text`` at a UTF-16 unit of an item."""
        text = self.page.items[item].text
        if not text.isascii():
            units = text.encode("utf-16-le", "surrogatepass")[: 2 * unit]
            unit = len(units.decode("utf-16-le", "ignore"))
        return self._begins[item] + unit

    def _unit(self, offset: int) -> tuple[int, int]:
        """Item and UTF-16 unit of the character ``offset`` of ``self.text``."""
        item = bisect_right(self._begins, offset) - 1
        return item, _units(self.text[self._begins[item] : offset])


_SPACE = re.compile(r"\s+")
_PARTED = re.compile(r"(?<=[^\W\d_])[-\u00ad\u2010]\s*\n\s*(?=[^\W\d_])")


def on_one_line(text: str) -> str:
    """``text`` with its line ends as spaces; a word that a line end parts is one, hyphenated."""
    return _SPACE.sub(" ", _PARTED.sub("-", text)).strip()


def _is_cased(letter: str) -> bool:
    return letter.lower() != letter.upper()


_ALIKE = str.maketrans("\u2019\u2018\u201c\u201d\u2013\u2014\u2212", "''\"\"---")


def _is_same_sign(one: str, other: str) -> bool:
    return one.translate(_ALIKE) == other.translate(_ALIKE)


class Book:
    """One PDF's pages, each parsed and folded at most once."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._folded: dict[int, SearchablePage] = {}

    @property
    def count(self) -> int:
        return self._pages.count

    def page(self, number: int) -> SearchablePage:
        """Page ``number``; raises ``IndexError`` where the PDF has none."""
        if not 1 <= number <= self.count:
            raise IndexError(f"no page {number} among {self.count}")
        if number not in self._folded:
            self._folded[number] = SearchablePage(self._pages.page(number))
        return self._folded[number]

    def outward(self, number: int | None) -> Iterator[SearchablePage]:
        """All pages, nearest to ``number`` first, on a tie the one behind it."""
        order = list(range(1, self.count + 1))
        if number is not None:
            order.sort(key=lambda other: (abs(other - number), other < number))
        return map(self.page, order)
