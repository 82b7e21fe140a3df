"""The verdict of each sentence of a quote, at the place that one link names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from .note import Link
from .pagesearch import Book, SearchablePage, Stretch
from .placing import Place, Placer, leaves_out, remark
from .quotetext import Mark, Sentence
from .records import dataclass, replace
from .verdict import Found, Verdict
from .wording import Nearest, difference, nearest, same_signs, shared

_LEAST_EDITED = 70.0  # percent of letters that agree, where the words on a page were edited
_LEAST_SELECTED = 60.0  # the same where they are selected
_LEAST_NEAREST = 75.0  # the same for a passage named because nothing better is known
_CLEARLY_ALIKE = 85.0  # the same for a passage that must be meant, however it is cut into words
_LEAST_SHARED = 0.5  # of the letters, in words that both have
_LEAST_COMPARED = 8  # letters; fewer are like something on every page
_SHIFTS = (-1, 1, -2, 2, -3, 3)
_CLEARLY = 2.0  # times as far must the next place be, for the nearest to be meant
_MOST_SPREAD = 3  # times its own length, between the bullets of a quote on one page
_LONGEST_SHOWN = 60  # characters of a quote in a message
_SINGLE_LETTERS = "single letters"


@dataclass(frozen=True, slots=True)
class Judged:
    """A sentence's verdict, the page it stands on, and what there is to say.

    Where new digits may mend the link, there is no ``remedy``. ``resembles``: it does not stand
    there, but a passage of the PDF has many of its words.
    """

    verdict: Verdict
    page: int | None = None
    what: str = ""
    remedy: str = ""
    resembles: bool = False


class Judge:
    """Holds the sentences of a quote against one link."""

    def __init__(self, book: Book, link: Link, parts: Sequence[Sentence]) -> None:
        self.book = book
        self.link = link
        self.parts = parts
        self.home: SearchablePage | None = None
        self.chosen: Stretch | None = None
        self._offset: Stretch | None = None  # what is selected from its first item's start on
        if link.page is not None and 1 <= link.page <= book.count:
            self.home = book.page(link.page)
            if link.selection:
                first, begin, last, end = link.selection
                self.chosen = self.home.stretch_of(link.selection)
                if begin and self.home.ends_at(first, begin):
                    self._offset = self.home.stretch_of((first, 0, last, end))
        self._aim = self._offset or self.chosen
        self._placer = Placer(book, parts, self._home_number, self._aim)
        self.places = self._placer.places()

    @property
    def _home_number(self) -> int | None:
        return self.home.number if self.home else None

    @cached_property
    def judged(self) -> tuple[Judged, ...]:
        """One for each sentence."""
        found: dict[int, Judged] = {}
        for place in self.places:
            for index in range(place.first, place.last):
                if self.parts[index].letters:
                    found[index] = self._at(place, index)
        for before, after in zip(self.places, self.places[1:], strict=False):
            if self._skips(before, after) and found[after.first].verdict is Verdict.EXACT:
                found[after.first] = self._skipping(before, after)
        return tuple(
            found.get(index) or self._missing(part) for index, part in enumerate(self.parts)
        )

    def found(self, indices: Sequence[int]) -> Found | None:
        """The one place of the sentences ``indices``, if they stand together."""
        own = {index for index in indices if self.parts[index].letters}
        places = [place for place in self.places if own & set(range(place.first, place.last))]
        held = {index for place in places for index in range(place.first, place.last)}
        if not own <= held or any(self.parts[index].letters for index in held - own):
            return None
        if not places or any(self._is_ambiguous(place) for place in places):
            return None
        first, last = places[0].start, places[-1].end
        whole = Stretch(first.page, first.start, first.end)
        if all(place.end.page == first.page for place in places):
            whole = Stretch(first.page, first.start, last.end)
            length = sum(len(self.parts[index].letters) for index in own)
            if not 0 < len(whole) <= _MOST_SPREAD * length + 100:
                return None
        elif len(places) > 1:
            return None
        tail = self.parts[max(own)].tail if whole.end == last.end else ""
        page = self.book.page(whole.page)
        return Found(page.number, page.selection_of(whole, self.parts[min(own)].lead, tail))

    # --- a sentence that stands somewhere --------------------------------------------------------

    def _at(self, place: Place, index: int) -> Judged:
        own = self._own(place, index)
        page = own[0].page
        if changed := self._changed_signs(own, index):
            return _edited(page, changed)
        if self.home is None:
            return self._without_page(place, index, page)
        home = self.home.number
        here = [stretch for stretch in own if stretch.page == home]
        away = [stretch.page for stretch in own if stretch.page != home]
        if not here and self._carries_on(place, index):
            return Judged(Verdict.EXACT, page, _carried(home, page))
        if not here:
            return self._elsewhere(place, index, page)
        if fault := self._fault_on_page(place, index, here):
            return fault
        carried = (_carried(home, other) for other in away)
        told = (*place.remarks, *carried, *self._cut_words(here))
        return Judged(Verdict.EXACT, home, "; ".join(dict.fromkeys(told)))

    def _changed_signs(self, own: Sequence[Stretch], index: int) -> str:
        """How a sentence differs whose letters agree, but not its numbers' signs."""
        part = self.parts[index]
        if part.has_marks:
            return ""
        printed = " ".join(self.book.page(s.page).words(s.start, s.end) for s in own)
        if same_signs(printed, part.text):
            return ""
        return difference(printed, part.text) or _SINGLE_LETTERS

    def _own(self, place: Place, index: int) -> tuple[Stretch, ...]:
        """The part of a place that one of its sentences takes."""
        if place.last - place.first == 1:
            return place.stretches
        low = sum(len(part.letters) for part in self.parts[place.first : index])
        high = low + len(self.parts[index].letters)
        own = []
        for stretch in place.stretches:
            start, end = max(low, 0), min(high, len(stretch))
            if start < end:
                own.append(Stretch(stretch.page, stretch.start + start, stretch.start + end))
            low, high = low - len(stretch), high - len(stretch)
        return tuple(own)

    def _without_page(self, place: Place, index: int, page: int) -> Judged:
        if place.others:
            return self._ambiguous(place, index)
        what = f"{self._name(place, index)} stands on page {page}"
        if self.link.page is not None:
            missing = f"the PDF has no page {self.link.page}"
            return Judged(Verdict.OTHER_PAGE, page, f"{what}; {missing}")
        return Judged(Verdict.EXACT, page, "; ".join(dict.fromkeys((what, *place.remarks))))

    def _carries_on(self, place: Place, index: int) -> bool:
        """Whether a page break parts a sentence of the same paragraph, so that no link can name
        both pages, and sentence ``index`` follows or precedes it without a gap."""
        pages = {stretch.page for stretch in place.stretches}
        if self.home is None or self.home.number not in pages:
            return False
        return any(
            len(self._own(place, other)) > 1 and self.parts[other].block == self.parts[index].block
            for other in range(place.first, place.last)
        )

    def _elsewhere(self, place: Place, index: int, page: int) -> Judged:
        if self._is_ambiguous(place):
            return self._ambiguous(place, index)
        what = f"{self._name(place, index)} stands on page {page}, not on page {self.link.page}"
        return Judged(Verdict.OTHER_PAGE, page, what)

    def _fault_on_page(self, place: Place, index: int, here: Sequence[Stretch]) -> Judged | None:
        """What is wrong with the selection of what stands on the linked page."""
        if self.home is None or self.link.selection is None:
            return None
        if self.chosen and all(self.chosen.holds(stretch) for stretch in here):
            return None
        home = self.home.number
        if self._offset and self._is_slip and all(self._offset.holds(stretch) for stretch in here):
            return Judged(Verdict.OFFSET, home, "the selection starts behind its first item")
        if self._shift:
            items = "1 item" if abs(self._shift) == 1 else f"{abs(self._shift)} items"
            what = f"the selection is {items} too far {'on' if self._shift < 0 else 'back'}"
            known = ", as links of Obsidian 1.8.0 are" if self._shift == -1 else ""
            return Judged(Verdict.SHIFTED, home, what + known)
        name = self._name(place, index)
        if self.chosen and any(self.chosen.meets(stretch) for stretch in here):
            cuts = self.home.cuts_word(self.chosen.end)
            what = "ends in mid-word" if cuts else f"does not hold all of {name}"
            return Judged(Verdict.SHIFTED, home, f"the selection {what}")
        if self._is_ambiguous(place):
            return self._ambiguous(place, index)
        where = "outside the selection" if self.chosen else "but the selection is not in the page"
        return Judged(Verdict.MOVED, home, f"{name} stands on the page, {where}")

    @cached_property
    def _is_slip(self) -> bool:
        """Whether the quote starts with the item that the selection starts behind: so the whole
        length of the item was added to the offset, as it is where a drag starts at its edge."""
        starts = [place.start for place in self.places]
        return self._offset is not None and any(
            (start.page, start.start) == (self._offset.page, self._offset.start) for start in starts
        )

    @cached_property
    def _shift(self) -> int:
        """By how many items the selection has to be moved to give the quote, 0 if none does."""
        if not (self.home and self.link.selection and self.places):
            return 0
        first, begin, last, end = self.link.selection
        here = [s for place in self.places for s in place.stretches if s.page == self.home.number]
        if not here:
            return 0
        quoted = Stretch(self.home.number, here[0].start, here[-1].end)
        for shift in _SHIFTS:
            if self.home.stretch_of((first + shift, begin, last + shift, end)) == quoted:
                return shift
        return 0

    def _cut_words(self, here: Sequence[Stretch]) -> Iterator[str]:
        """What to say of a selection that starts or ends in a word, and the quote with it."""
        if self.home is None or self.chosen is None:
            return
        for stretch in here:
            for at, verb in ((stretch.start, "starts"), (stretch.end, "ends")):
                if at in (self.chosen.start, self.chosen.end) and self.home.cuts_word(at):
                    yield f"the selection {verb} in mid-word, in “{self.home.word_at(at)}”"

    # --- several places --------------------------------------------------------------------------

    def _is_ambiguous(self, place: Place) -> bool:
        """Whether other places are as good, and the old one does not tell which is meant."""
        if not place.others:
            return False
        if self.home is None or place.start.page != self.home.number:
            if self.home is None or self._aim is None:
                return True
            off = self._placer.pages_off
            return off(place.others[0]) < _CLEARLY * off(place.start)
        if self.link.selection is None:
            return False
        if self._aim is None:
            return True
        old = self._aim.start
        if any(self._aim.meets(stretch) for stretch in place.stretches):
            return False
        return abs(place.others[0].start - old) < _CLEARLY * abs(place.start.start - old)

    def _ambiguous(self, place: Place, index: int) -> Judged:
        places = [place.start, *place.others]
        pages = sorted({stretch.page for stretch in places})
        where = f"pages {', '.join(map(str, pages[:6]))}" if len(pages) > 1 else f"page {pages[0]}"
        what = f"{self._name(place, index)} stands {len(places)} times, on {where}"
        todo = "link the one you mean, by `quotes link`"
        return Judged(Verdict.AMBIGUOUS, place.start.page, what, todo)

    # --- gaps and missing sentences --------------------------------------------------------------

    def _skips(self, before: Place, after: Place) -> bool:
        """Whether words are left out between two sentences of one paragraph, without a mark."""
        one, other = self.parts[before.last - 1], self.parts[after.first]
        if before.last != after.first or one.block != other.block:
            return False
        if one.parts[-1].mark or other.parts[0].mark:
            return False
        return leaves_out(before, after, self.book)

    def _skipping(self, before: Place, after: Place) -> Judged:
        page = self.book.page(after.start.page)
        left_out = shortened(page.words(before.end.end, after.start.start))
        here = shortened(self.parts[after.first].text)
        what = f"the page has “{left_out}” before “{here}”"
        if not left_out:
            what = f"“{here}” stands elsewhere on the page than behind the words before it"
        return Judged(Verdict.EDITED, page.number, what, "mark what you leave out with […]")

    def _missing(self, part: Sentence) -> Judged:
        """A sentence that stands nowhere: edited where it is linked, or unknown."""
        if not part.has_words:
            return Judged(Verdict.EXACT, None, "; ".join(remark(mark) for mark in part.parts))
        if len(part.letters) >= _LEAST_COMPARED:
            if place := self._edited_at(part):
                edited = _edited(place.stretch.page, self._diff(place, part))
                return replace(edited, resembles=self._resembles(place, part))
            if place := self._nearest(part):
                where = f"the nearest passage, on page {place.stretch.page}, differs in"
                what = f"“{shortened(part.text)}” stands nowhere in the PDF; {where}"
                told = f"{what} {self._diff(place, part) or _SINGLE_LETTERS}"
                alike = self._resembles(place, part)
                return Judged(Verdict.NOT_FOUND, None, told, "correct the words", alike)
        what = f"“{shortened(part.text)}” stands nowhere in the PDF"
        return Judged(Verdict.NOT_FOUND, None, what, "quote it anew, or link the PDF it is from")

    def _edited_at(self, part: Sentence) -> Nearest | None:
        """The passage at the linked place that ``part`` was edited from."""
        if self.home is None:
            return self._nearest(part) if self.link.page is None else None
        if self.link.selection is None:
            return nearest(part.letters, self.home, _LEAST_EDITED)
        if self.chosen is None:
            return None
        wide = len(part.letters)
        window = Stretch(self.home.number, self.chosen.start - wide, self.chosen.end + wide)
        place = nearest(part.letters, self.home, _LEAST_SELECTED, window)
        return place if place and self.chosen.meets(place.stretch) else None

    def _nearest(self, part: Sentence) -> Nearest | None:
        pages = self.book.outward(self._home_number)
        places = (nearest(part.letters, page, _LEAST_NEAREST) for page in pages)
        return max(filter(None, places), key=lambda place: place.likeness, default=None)

    def _diff(self, place: Nearest, part: Sentence) -> str:
        return difference(*self._both(place, part))

    def _resembles(self, place: Nearest, part: Sentence) -> bool:
        """Whether ``part`` is that passage, changed: letters alone are soon alike by chance."""
        return place.likeness >= _CLEARLY_ALIKE or shared(*self._both(place, part)) >= _LEAST_SHARED

    def _both(self, place: Nearest, part: Sentence) -> tuple[str, str]:
        """The words of the page, and those of the quote that can be compared with them."""
        words = " ".join(p.text for p in part.parts if p.mark is not Mark.FORMULA)
        page = self.book.page(place.stretch.page)
        return page.words(place.stretch.start, place.stretch.end), words

    def _name(self, place: Place, index: int) -> str:
        if place.last - place.first == len(self.parts):
            return "the quote"
        return f"“{shortened(self.parts[index].text)}”"


def shortened(text: str) -> str:
    """``text`` short enough for a message, cut between words."""
    if len(text) <= _LONGEST_SHOWN:
        return text
    return text[:_LONGEST_SHOWN].rpartition(" ")[0].rstrip(",;:") + " …"


def _edited(page: int, difference: str) -> Judged:
    what = f"the quote differs from page {page}: {difference or _SINGLE_LETTERS}"
    return Judged(Verdict.EDITED, page, what, "correct it, or mark your own words with [ ]")


def _carried(home: int, other: int) -> str:
    return f"it continues on page {other}" if other > home else f"it begins on page {other}"
