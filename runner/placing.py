"""Where the sentences of a quote stand in a PDF, by equality of letters and never by likeness."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from .pagebreaks import continues, halves_of
from .pagesearch import Book, Stretch
from .quotetext import Mark, Part, Sentence
from .records import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where sentences ``first`` to ``last``, the end exclusive, stand.

    ``stretches``: one, or two where a page break, a footnote or a figure parts them. ``others``:
    where the same letters stand too. ``remarks`` tell which marks of the author were passed over.
    """

    first: int
    last: int
    stretches: tuple[Stretch, ...]
    others: tuple[Stretch, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def start(self) -> Stretch:
        return self.stretches[0]

    @property
    def end(self) -> Stretch:
        return self.stretches[-1]


_Look = Callable[[int, int, int], Place | None]


class Placer:
    """Looks for sentences on the linked page, then beside it, then in the rest of the PDF."""

    def __init__(
        self, book: Book, sentences: Sequence[Sentence], home: int | None, chosen: Stretch | None
    ) -> None:
        self._book = book
        self._sentences = sentences
        self._home = home
        self._chosen = chosen
        self._cuts = (chosen.start, chosen.end) if chosen else ()

    def places(self) -> list[Place]:
        """In the order of the sentences; one that stands nowhere is in none of them."""
        count = len(self._sentences)
        near = self._near()
        if whole := self._whole(near):
            return [whole]
        places = self._in_pieces(near)
        if sum(place.last - place.first for place in places) == count:
            return places
        rest = [page for page in self._book.outward(self._home) if page.number not in near]
        if whole := self._whole([page.number for page in rest]):
            return [whole]
        return self._in_pieces([*near, *(page.number for page in rest)])

    def _near(self) -> list[int]:
        if self._home is None:
            return []
        numbers = (self._home, self._home + 1, self._home - 1)
        return [number for number in numbers if 1 <= number <= self._book.count]

    def _whole(self, numbers: Sequence[int]) -> Place | None:
        """All sentences as one run."""
        count = len(self._sentences)
        for number in numbers:
            if place := self._run(0, count, number):
                return place
            if place := self._parted(0, count, number):
                return place
        return None

    def _in_pieces(self, numbers: Sequence[int]) -> list[Place]:
        places: list[Place] = []
        at = 0
        while at < len(self._sentences):
            place = self._longest(at, numbers)
            if place:
                places.append(place)
            at = place.last if place else at + 1
        return places

    def _longest(self, first: int, numbers: Sequence[int]) -> Place | None:
        """The longest run from sentence ``first`` on, on the first page that has the sentence."""
        for look in (self._run, self._parted):
            for number in numbers:
                if place := look(first, first + 1, number):
                    return self._extended(place, look, number)
        if not self._sentences[first].has_marks:
            return None
        for number in numbers:
            if place := self._around_marks(first, number):
                return place
        return None

    def _extended(self, place: Place, look: _Look, number: int) -> Place:
        """``place`` with the sentences that follow it there without a gap."""
        while place.last < len(self._sentences):
            longer = look(place.first, place.last + 1, number)
            if longer is None:
                break
            place = longer
        return place

    # --- without marks ---------------------------------------------------------------------------

    def _letters(self, first: int, last: int) -> str:
        return "".join(sentence.letters for sentence in self._sentences[first:last])

    def _run(self, first: int, last: int, number: int) -> Place | None:
        letters = self._letters(first, last)
        found = self._on(number, letters)
        if not found:
            return None
        if number == self._home:
            found.sort(key=self._distance)
        else:
            # Only for all sentences, which a repair may move, it is worth parsing every page.
            is_whole = last - first == len(self._sentences)
            numbers = [number] if not is_whole else range(1, self._book.count + 1)
            found = [place for page in numbers for place in self._on(page, letters)]
            found.sort(key=self.pages_off)
        return Place(first, last, (found[0],), tuple(found[1:]))

    def _on(self, number: int, letters: str) -> list[Stretch]:
        cuts = self._cuts if number == self._home else ()
        return list(self._book.page(number).find(letters, cuts=cuts))

    def _distance(self, place: Stretch) -> tuple[bool, bool, int]:
        """How far a place on the linked page is from the selection."""
        if self._chosen is None:
            return False, False, 0
        off = abs(place.start - self._chosen.start)
        return not self._chosen.holds(place), not self._chosen.meets(place), off

    def pages_off(self, place: Stretch) -> float:
        """How many pages lie between a place and the old one."""
        if self._home is None:
            return 0.0
        old = self._home + 0.5
        if self._chosen:
            old = self._home + self._share(self._chosen)
        return abs(place.page + self._share(place) - old)

    def _share(self, place: Stretch) -> float:
        return place.start / max(len(self._book.page(place.page).letters), 1)

    def _parted(self, first: int, last: int, number: int) -> Place | None:
        halves = self._halves(self._letters(first, last), number)
        return Place(first, last, halves) if halves else None

    def _halves(self, letters: str, number: int) -> tuple[Stretch, Stretch] | None:
        """``letters`` on page ``number`` and the next, or around a footnote on the page."""
        page = self._book.page(number)
        cuts = self._cuts if number == self._home else ()
        for after in (number + 1, number):
            if after <= self._book.count:
                other = self._book.page(after)
                if halves := halves_of(letters, page, other, self._book, cuts):
                    return halves
        return None

    # --- with marks ------------------------------------------------------------------------------

    def _around_marks(self, index: int, number: int) -> Place | None:
        """Sentence ``index`` with its marks passed over: its words in order, near each other."""
        parts = list(self._sentences[index].parts)
        if len(parts) > _MOST_PARTS:
            return None
        before, after = _cut_marks(parts), _cut_marks(parts, -1)
        for start in self._spots(parts[0].letters, number) if parts else ():
            reached = self._follow(parts[1:], start)
            if reached is None:
                continue
            stretches, remarks = reached
            first, last = stretches[0], stretches[-1]
            if self._prints_bracket(before, first, first.start):
                continue
            if self._prints_bracket(after, last, last.end):
                continue
            told = [remark(mark) for mark in (*before, *after)]
            return Place(index, index + 1, _by_page(stretches), (), (*told, *remarks))
        return None

    def _prints_bracket(self, marks: Sequence[Part], beside: Stretch, at: int) -> bool:
        """Whether the page has brackets of its own where ``marks`` has some of the author."""
        added = any(mark.mark is Mark.ADDITION for mark in marks)
        return added and "[" in self._book.page(beside.page).between(at, at)

    def _spots(self, letters: str, number: int) -> Iterator[tuple[Stretch, ...]]:
        """Where words between two marks stand, from page ``number`` on."""
        for stretch in self._on(number, letters):
            yield (stretch,)
        if halves := self._halves(letters, number):
            yield halves

    def _follow(
        self, parts: Sequence[Part], start: tuple[Stretch, ...]
    ) -> tuple[list[Stretch], list[str]] | None:
        """The stretches of a sentence that starts at ``start``, and what to say of its marks."""
        stretches, remarks, marks = list(start), [], []
        for part in parts:
            if part.mark:
                marks.append(part)
                continue
            here = stretches[-1]
            spot = self._next_spot(here, part.letters, marks)
            if spot is None:
                return None
            page = self._book.page(here.page)
            end = spot[0].start if spot[0].page == here.page else here.end
            letters, printed = page.letters[here.end : end], page.words(here.end, end)
            told = [mark for mark in marks if mark.letters != letters]
            if any(mark.mark is Mark.ADDITION for mark in told) and "[" in page.between(
                here.end, end
            ):
                return None  # the brackets are the page's, and what is in them differs
            remarks += [remark(mark, printed) for mark in told]
            stretches += spot
            marks = []
        return stretches, remarks

    def _next_spot(
        self, here: Stretch, letters: str, marks: Sequence[Part]
    ) -> tuple[Stretch, ...] | None:
        limit = here.end + sum(_most_letters(mark) for mark in marks)
        for spot in self._spots(letters, here.page):
            if here.end <= spot[0].start <= limit:
                return spot
        leaves_out = any(mark.mark is Mark.OMISSION for mark in marks)
        if leaves_out and here.page < self._book.count:
            return next(self._spots(letters, here.page + 1), None)
        return None


def _cut_marks(parts: list[Part], end: int = 0) -> list[Part]:
    """Takes the marks at the start (0) or the end (-1) off ``parts``."""
    marks: list[Part] = []
    while parts and parts[end].mark:
        marks.append(parts.pop(end))
    return marks


def _by_page(stretches: Sequence[Stretch]) -> tuple[Stretch, ...]:
    """One stretch a page, from its first to its last letter."""
    pages = dict.fromkeys(stretch.page for stretch in stretches)
    each = ([stretch for stretch in stretches if stretch.page == page] for page in pages)
    return tuple(Stretch(own[0].page, own[0].start, own[-1].end) for own in each)


_MOST_PARTS = 40  # words and marks by turns; trying places for more takes long
_MOST_REPLACED = 40  # letters that a word of the author in brackets may stand for


def _most_letters(part: Part) -> int:
    """How many of the page's letters a mark may stand for."""
    if part.mark is Mark.OMISSION:
        return 1_000_000
    if part.mark is Mark.FORMULA:
        return 40 + 2 * len(part.text)
    return _MOST_REPLACED


def remark(part: Part, printed: str = "") -> str:
    """What to tell of a mark that was passed over; ``printed``: what the page has there."""
    if part.mark is Mark.OMISSION:
        return f"`{part.text}` leaves words out"
    if part.mark is Mark.FORMULA:
        return f"the formula `{part.text}` was not compared"
    return f"`{part.text}` is yours" + (f", for “{printed}”" if printed else "")


def leaves_out(before: Place, after: Place, book: Book) -> bool:
    """Whether ``after`` stands on the page of ``before``, but not directly behind it."""
    if before.end.page != after.start.page:
        return False
    end, start = before.end.end, after.start.start
    page = book.page(before.end.page)
    return end != start and not (end < start and continues(page, end, page, start, book))
