"""A region's text on the way from one result to the next: the new one's beginning above what is
still left of the old one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from .patterns import regex
from .records import dataclass

Paragraph = Sequence[str]  # lines, the first of them the blank one above

NEWLINE = regex(r"\r\n|\r|\n")
SEAM = "… from the run before:"  # between the new and the old
_DOT = "…"  # where a line is cut, and what fills
_FILLER = 60  # dots in a line
_TICKS = regex("`{3,}")
_HALVINGS = 8
_END = 22  # characters; of the 32 by which an end is looked for some stand behind it
_OTHER_END = 150  # characters by which another end may move
_RUNS = 1.2  # measured with logs, tables, prose and digests
_WORDS = regex(r"\w+|\W+")


def distance(old: str, new: str) -> int:
    """How many characters diff-match-patch would call different, about.

    It counts the longer side of each run that differs, and looks for the fewest characters to take
    out and put in, which part into more runs than lines would.
    """
    if min(middle := _middles(old, new)) <= len(_DOT):
        return max(middle)
    total = 0
    for before, after in _differing(old, new):
        total += min(_paired(before, after), _paired(before[::-1], after[::-1]))
    return int(_RUNS * total)


def _paired(before: Sequence[str], after: Sequence[str]) -> int:
    """How much differs if the first lines of both belong together, and so on."""
    count = min(len(before), len(after))
    alone = [*before[count:], *after[count:]]
    return sum(map(_apart, before, after)) + sum(map(len, alone))


def is_found_again(old: str, new: str, reach: int, most: int) -> bool:
    """Whether ``new`` is at most ``reach`` characters longer or shorter than ``old``, less where
    its end became another too, and differs in at most ``most``."""
    if old[-_END:] != new[-_END:]:
        reach = min(reach, _OTHER_END)
    return abs(len(new) - len(old)) <= reach and distance(old, new) <= most


def _lacking(text: str, new: str) -> int:
    """How many characters of ``new`` are not in ``text`` yet."""
    total = 0
    for before, after in _differing(text, new):
        total += sum(map(len, after))
        if before and after:
            total -= len(after[0]) - _middles(before[0], after[0])[1]
    return total


def _differing(old: str, new: str) -> Iterator[tuple[list[str], list[str]]]:
    """The runs of lines that make way for others."""
    from difflib import SequenceMatcher  # only where a long result grows

    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    for tag, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag != "equal":
            yield before[a:b], after[c:d]


def _apart(old: str, new: str) -> int:
    words, others = _WORDS.findall(old), _WORDS.findall(new)
    pairs = zip(words, others, strict=True) if len(words) == len(others) else [(old, new)]
    return sum(max(_middles(*pair)) for pair in pairs)


def _middles(old: str, new: str) -> tuple[int, int]:
    """The lengths of what stands between the beginning and the end that two texts share."""
    least = min(len(old), len(new))
    start = next((i for i in range(least) if old[i] != new[i]), least)
    end = next((i for i in range(least - start) if old[-1 - i] != new[-1 - i]), least - start)
    return len(old) - start - end, len(new) - start - end


@dataclass(frozen=True, slots=True)
class Form:
    """A region: ``head`` up to its opening marker, ``paragraphs``, ``foot`` its closing one.

    ``prefix`` and ``newline`` are of its lines.
    """

    text: str
    head: Sequence[str]
    paragraphs: Sequence[Paragraph]
    foot: str
    prefix: str
    newline: str

    @staticmethod
    def of(text: str, prefix: str, newline: str) -> Form:
        lines = NEWLINE.split(text)
        first = next(i for i, line in enumerate(lines) if line.strip(" \t>"))
        inside = _paragraphs(lines[first + 1 : -1], prefix.rstrip())
        return Form(text, lines[: first + 1], list(inside), lines[-1], prefix, newline)

    def around(self, paragraphs: Sequence[Paragraph]) -> str:
        """The region's text with these between its markers."""
        inside = [line for paragraph in paragraphs for line in paragraph]
        return self.newline.join([*self.head, *inside, self.prefix.rstrip(), self.foot])

    def begun(self, room: int) -> str:
        """The region with what of its paragraphs fits into ``room`` characters."""
        begun, below = self._fitting(room)
        return self.around([*begun, *below])

    def over(self, old: Form, length: int, room: int, *, filled: bool) -> str:
        """About ``length`` characters: the beginning of this one, of at most ``room`` characters,
        above what is left of ``old``; if that is to be ``filled`` up, by dots."""
        begun, below = self._fitting(min(room, length - len(self.around(()))))
        left = length - len(self.around([*begun, *below]))
        seam = [self.prefix.rstrip(), f"{self.prefix}{SEAM}"]
        if left > self._cost(seam):
            rest = self._ending(self._unlike(old), left - self._cost(seam))
            left -= sum(map(self._cost, rest))
            begun = _sewn(begun, rest, seam)
        return self.around([*begun, *below, *(self._filler(left) if filled else ())])

    @property
    def least_filler(self) -> int:
        """Below so many characters there is no filler."""
        return self._cost([self.prefix.rstrip(), *self._fenced(["…"])])

    def _fenced(self, lines: Sequence[str]) -> list[str]:
        return [f"{self.prefix}{line}" for line in ("```text", *lines, "```")]

    def _filler(self, room: int) -> Iterator[Paragraph]:
        """A fence of dots that takes at most ``room`` characters and hardly fewer."""
        if room < self.least_filler:
            return
        blank = self.prefix.rstrip()
        room -= self._cost([blank, *self._fenced([])])
        overhead = len(self.prefix) + len(self.newline)
        dots = []
        while room > overhead:
            count = min(_FILLER, room - overhead)
            dots.append("…" * count)
            room -= count + overhead
        yield [blank, *self._fenced(dots)]

    def _cost(self, paragraph: Paragraph) -> int:
        return sum(len(line) + len(self.newline) for line in paragraph)

    def _fitting(self, room: int) -> tuple[list[Paragraph], list[Paragraph]]:
        """What fits into ``room`` characters: single lines first, then from the top.

        The first paragraph that does not fit is cut; what is kept of those below stands apart.
        """
        kept: dict[int, Paragraph] = {}
        order = sorted(range(len(self.paragraphs)), key=lambda i: (len(self.paragraphs[i]) > 2, i))
        for index in order:
            paragraph = self.paragraphs[index]
            cost = self._cost(paragraph)
            part = paragraph if cost <= room else self._cut(paragraph, room, at_end=True)
            if part:
                kept[index] = part
            if cost > room:
                break
            room -= cost
        else:
            index = len(self.paragraphs)
        places = sorted(kept)
        return [kept[i] for i in places if i <= index], [kept[i] for i in places if i > index]

    def _ending(self, paragraphs: Sequence[Paragraph], room: int) -> list[Paragraph]:
        """The last of ``paragraphs`` that fit into ``room`` characters, the first of them cut."""
        kept: list[Paragraph] = []
        for paragraph in reversed(paragraphs):
            cost = self._cost(paragraph)
            part = paragraph if cost <= room else self._cut(paragraph, room, at_end=False)
            if part:
                kept.insert(0, part)
            if cost > room:
                break
            room -= cost
        return kept

    def _cut(self, paragraph: Paragraph, room: int, *, at_end: bool) -> Paragraph:
        """A fence or table with as many of its lines as fit, without those at one end."""
        opening, lines, closing = _parts(paragraph)
        room -= self._cost([*opening, *closing])
        kept: list[str] = []
        for line in lines if at_end else reversed(lines):
            if room < len(line) + len(self.newline):
                indent = len(paragraph[1]) - len(paragraph[1].lstrip(" \t>"))
                start, end = line[:indent], _DOT
                if not at_end:  # the rest of a row still looks like one
                    start, end = start + ("" if closing else "| ") + _DOT, ""
                more = room - len(start + end + self.newline)
                if 0 < more < len(line) - indent:
                    part = line[indent : indent + more] if at_end else line[-more:]
                    kept.append(start + part + end)
                break
            kept.append(line)
            room -= len(line) + len(self.newline)
        return [*opening, *(kept if at_end else reversed(kept)), *closing] if kept else ()

    def _unlike(self, old: Form) -> list[Paragraph]:
        """The paragraphs of ``old`` that are no beginning of one of these, without any seam."""
        ours = ["\n".join(paragraph[1:]) for paragraph in self.paragraphs]
        found: list[Paragraph] = []
        for paragraph in old.paragraphs:
            opening, lines, closing = _parts(paragraph)
            seams = [at for at, line in enumerate(lines, 1) if line.strip(" \t>") == SEAM]
            lines = lines[seams[-1] if seams else 0 :]
            text = "\n".join([*opening[1:], *lines]).removesuffix(_DOT)
            is_new = any(new.startswith(text) for new in ours)
            is_ours = is_new or _is_filling(lines or paragraph[1:]) or SEAM in paragraph[1]
            if not is_ours and _is_whole(paragraph):
                found.append([*opening, *lines, *closing])
        return found


def _sewn(
    begun: Sequence[Paragraph], rest: Sequence[Paragraph], seam: Paragraph
) -> list[Paragraph]:
    """``rest`` below ``begun`` and a seam, two fences in one."""
    if not rest:
        return list(begun)
    other, below, end = _parts(rest[0])
    opening, above, closing = _parts(begun[-1]) if begun else (other, (), end)
    if not closing or not end:
        return [*begun, seam, *rest]
    indent = other[1].partition("`")[0]
    if indent != opening[1].partition("`")[0]:
        return [*begun, seam, *rest]
    longest, ends = max((opening, closing), (other, end), key=lambda pair: len(pair[1][0]))
    sewn = [*longest, *above, f"{indent}{SEAM}", *below, *ends]
    return [*begun[:-1], sewn, *rest[1:]]


def _parts(paragraph: Paragraph) -> tuple[Paragraph, Paragraph, Paragraph]:
    """What any part of a fence or table begins with, its lines, and what it ends with."""
    if len(paragraph) > 2 and _TICKS.match(paragraph[1].strip(" \t>")):
        return paragraph[:2], paragraph[2:-1], paragraph[-1:]
    if paragraph[1].strip(" \t>").startswith("|"):  # of its cells any part is plain text
        return paragraph[:1], paragraph[1:], ()
    return paragraph, (), ()


def _is_filling(lines: Paragraph) -> bool:
    return all(set(line.strip(" \t>")) == {_DOT} for line in lines)


def _is_whole(paragraph: Paragraph) -> bool:
    """Whether a fence ends, and holds nothing that could end a part of it."""
    ticks = _TICKS.match(paragraph[1].strip(" \t>"))
    if ticks is None:
        return True
    *lines, closing = paragraph[2:] or [""]
    return closing.strip(" \t>") == ticks[0] and not any(ticks[0] in line for line in lines)


def _paragraphs(lines: Sequence[str], blank: str) -> Iterator[Paragraph]:
    """What blank lines separate, each with the one above; fences whole."""
    found: list[str] = []
    ticks = ""
    for line in lines:
        content = line.strip(" \t>")
        if not content and not ticks:
            if found:
                yield [blank, *found]
            found, blank = [], line
            continue
        found.append(line)
        if ticks:
            ticks = "" if content == ticks else ticks
        elif match := re.match("`{3,}", content):
            ticks = match[0]
    if found:
        yield [blank, *found]


def between(old: Form, new: Form, reach: int, most: int) -> str | None:
    """The text nearest to ``new`` that is at most ``reach`` characters longer or shorter than that
    of ``old`` and differs from it in at most ``most``; ``None`` if there is none nearer.

    Dots stand in it only where nothing else can be shown.
    """
    length, off = len(old.text), abs(len(new.text) - len(old.text))
    lacking = _lacking(old.text, new.text)

    def is_near(text: str) -> bool:
        return is_found_again(old.text, text, reach, most)

    def is_nearer(text: str) -> bool:
        now_off = abs(len(new.text) - len(text))
        if off > reach:
            return now_off < off
        return now_off <= reach and _lacking(text, new.text) < lacking

    for is_filled in (False, True):
        for change in sorted({reach, min(reach, _OTHER_END), reach // 2}, reverse=True):
            target = min(len(new.text) + len(SEAM), length + change)
            if len(new.text) < length - change:
                # What is left over below the least filler must not make the step too long.
                target = length - max(change - new.least_filler, 1)
            text = _furthest(new, old, target, is_filled, is_near)
            if is_near(text) and is_nearer(text):
                return text
    return None


def _furthest(
    new: Form, old: Form, length: int, is_filled: bool, is_near: Callable[[str], bool]
) -> str:
    """The text with as much of ``new`` over ``old`` as is still near."""
    low, high = 0, length
    best = new.over(old, length, high, filled=is_filled)
    if is_near(best):
        return best
    best = new.over(old, length, low, filled=is_filled)
    for _ in range(_HALVINGS):
        middle = (low + high) // 2
        text = new.over(old, length, middle, filled=is_filled)
        if is_near(text):
            best, low = text, middle
        else:
            high = middle
    return best
