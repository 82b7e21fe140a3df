"""A page's content streams, run for their text."""

from __future__ import annotations

from collections.abc import Mapping

from pdfminer.pdftypes import PDFObjRef, PDFStream

from ..verdict import Item, PageText, Profile
from .contentstream import operations
from .contenttokens import Name, Operand
from .glyphs import Font
from .itemizing import Itemizer
from .pdffile import Page, dictionary, name_of, number_list, resolved, stream_bytes
from .pdffonts import NO_FONT, read_font
from .textstate import IDENTITY, Matrix, TextState
from .unreadable import MOST_FORM_DEPTH, MOST_OPERATORS, UnreadablePdf


class Reader:
    """Reads pages of one document; fonts are parsed once."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.fonts: dict[int, Font] = {}

    def read(self, page: Page) -> PageText:
        """Raises UnreadablePdf."""
        run = _PageRun(self, page)
        between = b"\n" if self.profile is Profile.NEW else b""
        run.run(between.join(page.contents), page.resources, TextState(), ())
        return PageText(page.number, tuple(run.items))

    def font(self, resources: Mapping[str, object], name: str) -> Font:
        return self.font_at(dictionary(resources.get("Font")).get(name))

    def font_at(self, reference: object) -> Font:
        entries = resolved(reference)
        key = reference.objid if isinstance(reference, PDFObjRef) else -id(entries)
        font = self.fonts.get(key)
        if font is None:
            font = read_font(entries if isinstance(entries, dict) else NO_FONT, self.profile)
            self.fonts[key] = font
        return font


class _PageRun:
    """One page: the items so far, and what counts against the limits."""

    def __init__(self, reader: Reader, page: Page) -> None:
        self.reader = reader
        self.view = page.view
        self.items: list[Item] = []
        self.shown = [0]
        self.count = 0

    def run(
        self, data: bytes, resources: Mapping[str, object], state: TextState, above: tuple[int, ...]
    ) -> None:
        stream = _StreamRun(self, resources, state, above)
        for operator, operands in operations(data):
            self.count += 1
            if self.count > MOST_OPERATORS:
                raise UnreadablePdf(
                    f"A page of the PDF draws more than {MOST_OPERATORS:,} things of text;"
                    " use another copy of the paper."
                )
            _ACTIONS[operator](stream, operands)
        stream.itemizer.flush()


class _StreamRun:
    """One content stream: a page's, or a form's with its own resources."""

    def __init__(
        self,
        page: _PageRun,
        resources: Mapping[str, object],
        state: TextState,
        above: tuple[int, ...],
    ) -> None:
        self.page = page
        self.resources = resources
        self.above = above
        self.itemizer = Itemizer(page.items, state, page.view, page.reader.profile, page.shown)
        self.saved: list[TextState] = []
        self.empty_forms: set[object] = set()
        self.old = page.reader.profile is Profile.OLD

    @property
    def state(self) -> TextState:
        return self.itemizer.state

    def save(self, _: list[Operand]) -> None:
        self.saved.append(self.state)
        self.itemizer.state = self.state.copy()

    def restore(self, _: list[Operand]) -> None:
        if not self.saved:
            return
        before = self.state
        after = self.itemizer.state = self.saved.pop()
        if self.old and (
            before.font is not after.font
            or before.font_size != after.font_size
            or before.font_name != after.font_name
        ):
            self.itemizer.flush()

    def transform(self, operands: list[Operand]) -> None:
        matrix = _matrix(operands)
        if matrix is not None:
            self.state.transform(matrix)

    def begin_text(self, _: list[Operand]) -> None:
        self.state.text = self.state.line = IDENTITY
        self.state.basis = None

    def set_font(self, operands: list[Operand]) -> None:
        name, size = operands
        if not isinstance(name, Name) or not isinstance(size, float):
            return
        state = self.state
        if state.font is not None and name.text == state.font_name and size == state.font_size:
            return
        if self.old:
            self.itemizer.flush()
        state.font_name, state.font_size = name.text, size
        state.font = self.page.reader.font(self.resources, name.text)
        state.basis = None

    def set_rise(self, operands: list[Operand]) -> None:
        self.state.rise = _number(operands[0])

    def set_stretch(self, operands: list[Operand]) -> None:
        self.state.stretch = _number(operands[0]) / 100
        self.state.basis = None

    def set_leading(self, operands: list[Operand]) -> None:
        self.state.leading = _number(operands[0])

    def set_char_spacing(self, operands: list[Operand]) -> None:
        self.state.char_spacing = _number(operands[0])

    def set_word_spacing(self, operands: list[Operand]) -> None:
        self.state.word_spacing = _number(operands[0])

    def move(self, operands: list[Operand]) -> None:
        self.state.move_line(_number(operands[0]), _number(operands[1]))
        self.state.basis = None

    def move_leading(self, operands: list[Operand]) -> None:
        self.state.leading = -_number(operands[1])
        self.move(operands)

    def next_line(self, _: list[Operand]) -> None:
        self.state.move_line(0.0, -self.state.leading)
        self.state.basis = None

    def set_matrix(self, operands: list[Operand]) -> None:
        matrix = _matrix(operands)
        if matrix is None:
            return
        self.state.text = self.state.line = matrix
        self.state.basis = None
        self.itemizer.rescale()

    def show(self, operands: list[Operand]) -> None:
        if isinstance(operands[0], bytes):
            self.itemizer.show(operands[0])

    def show_spaced(self, operands: list[Operand]) -> None:
        """Strings and adjustments in thousandths of the font size."""
        font = self.state.font
        if font is None or not isinstance(operands[0], list):
            return
        unit = (1 if font.vertical else -1) * self.state.font_size / 1000
        waiting: list[bytes] = []
        for each in operands[0]:
            if isinstance(each, bytes):
                waiting.append(each)
            elif isinstance(each, float) and each != 0:
                self.itemizer.show(b"".join(waiting), each * unit)
                waiting.clear()
        if waiting:
            self.itemizer.show(b"".join(waiting))

    def show_next_line(self, operands: list[Operand]) -> None:
        if self.state.font is not None:
            self.next_line([])
            self.show(operands)

    def show_spaced_line(self, operands: list[Operand]) -> None:
        if self.state.font is not None:
            self.set_word_spacing(operands[:1])
            self.set_char_spacing(operands[1:2])
            self.show_next_line(operands[2:])

    def end_item(self, _: list[Operand]) -> None:
        """Marked content begins or ends."""
        self.itemizer.flush()

    def set_graphics_state(self, operands: list[Operand]) -> None:
        name = operands[0]
        if not isinstance(name, Name):
            return
        entries = dictionary(dictionary(self.resources.get("ExtGState")).get(name.text))
        font = resolved(entries.get("Font"))
        if not isinstance(font, list) or len(font) != 2:
            return
        self.itemizer.flush()
        state = self.state
        state.font_name, state.font_size = None, _number(resolved(font[1]))
        state.font = self.page.reader.font_at(font[0])
        state.basis = None

    def draw(self, operands: list[Operand]) -> None:
        """Runs a form, unless it is running already or showed nothing when drawn before."""
        self.itemizer.flush()
        name = operands[0]
        if not isinstance(name, Name) or name.text in self.empty_forms:
            return
        reference = dictionary(self.resources.get("XObject")).get(name.text)
        key = reference.objid if isinstance(reference, PDFObjRef) else None
        form = resolved(reference)
        if key in self.empty_forms or key in self.above or not isinstance(form, PDFStream):
            return
        if name_of(form.get("Subtype")) != "Form":
            return
        if len(self.above) >= MOST_FORM_DEPTH:
            raise UnreadablePdf(f"The PDF nests drawings deeper than {MOST_FORM_DEPTH} levels.")
        state = self.state.copy()
        numbers = number_list(form.get("Matrix"))
        if numbers is not None and len(numbers) == 6:
            state.transform(_six(numbers))
        own = resolved(form.get("Resources"))
        before = len(self.page.items)
        self.page.run(
            stream_bytes(form),
            own if isinstance(own, dict) else self.resources,
            state,
            self.above if key is None else (*self.above, key),
        )
        if len(self.page.items) == before:
            self.empty_forms |= {name.text, key} - {None}


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _six(numbers: list[float]) -> Matrix:
    a, b, c, d, e, f = numbers
    return a, b, c, d, e, f


def _matrix(operands: list[Operand]) -> Matrix | None:
    numbers = [each for each in operands if isinstance(each, float)]
    return _six(numbers) if len(numbers) == 6 else None


_ACTIONS = {
    b"q": _StreamRun.save,
    b"Q": _StreamRun.restore,
    b"cm": _StreamRun.transform,
    b"BT": _StreamRun.begin_text,
    b"Tf": _StreamRun.set_font,
    b"Ts": _StreamRun.set_rise,
    b"Tz": _StreamRun.set_stretch,
    b"TL": _StreamRun.set_leading,
    b"Tc": _StreamRun.set_char_spacing,
    b"Tw": _StreamRun.set_word_spacing,
    b"Td": _StreamRun.move,
    b"TD": _StreamRun.move_leading,
    b"T*": _StreamRun.next_line,
    b"Tm": _StreamRun.set_matrix,
    b"Tj": _StreamRun.show,
    b"TJ": _StreamRun.show_spaced,
    b"'": _StreamRun.show_next_line,
    b'"': _StreamRun.show_spaced_line,
    b"BMC": _StreamRun.end_item,
    b"BDC": _StreamRun.end_item,
    b"EMC": _StreamRun.end_item,
    b"gs": _StreamRun.set_graphics_state,
    b"Do": _StreamRun.draw,
}
