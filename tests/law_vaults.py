"""A made-up vault and its author, who edits it at random: what the law of re-running is tried on."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from law_pieces import DEATHS, FAMILIES, FILES, OTHER, TESTS

from runner.parse import parse

_NUMBER = re.compile(r"\bN\b|(?<=0\.)N\b")
_DIGIT = re.compile(r"(?<![\w.])\d(?![\w.])|(?<=0\.)\d\b")
_DEFINED = re.compile(r"^(?:def|class) (\w+)|^(\w+) = ", re.MULTILINE)
_TORCH_SHARE = 0.12


@dataclass(frozen=True, slots=True)
class Draft:
    """One block as its author has it; ``options`` are its ``#|`` lines."""

    role: str
    id: str
    source: str
    options: tuple[str, ...] = ()

    def fence(self) -> str:
        options = "".join(f"#| {option}\n" for option in self.options)
        return f'```python {{{self.role}="{self.id}"}}\n{options}{self.source}\n```\n'


@dataclass(frozen=True, slots=True)
class Written:
    """A vault as its author has it: notes by name, their properties, and files beside them."""

    notes: Mapping[str, tuple[Draft, ...]]
    properties: Mapping[str, str]
    files: Mapping[str, str]

    def save(self, folder: Path) -> None:
        """Write it into ``folder``; what stands under a block stays there."""
        for path in folder.glob("*.md"):
            if path.stem not in self.notes:
                path.unlink()
        for name, blocks in self.notes.items():
            head = f"---\n{self.properties[name]}\n---\n" if self.properties.get(name) else ""
            text = head + "\n".join(block.fence() for block in blocks)
            _save(folder / f"{name}.md", text)
        for name in FILES.keys() - self.files.keys():
            (folder / name).unlink(missing_ok=True)
        for name, text in self.files.items():
            path = folder / name
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                path.write_text(text, encoding="utf-8")

    def blocks(self) -> int:
        return sum(map(len, self.notes.values()))


def _save(path: Path, text: str) -> None:
    if path.exists():
        old = parse(path.name, path.read_text(encoding="utf-8"))
        shown = {r.block: old.text[r.span.start : r.span.end] for r in old.regions if r.block}
        for block in reversed(parse(path.name, text).blocks):
            if block.id in shown:
                end = block.span.end
                text = f"{text[:end]}\n\n{shown[block.id]}{text[end:]}"
    path.write_text(text, encoding="utf-8")


class Author:
    """Writes a vault and edits it, the same for the same seed. ``edit`` says what it did."""

    def __init__(self, seed: int, families: tuple[str, ...] = ()) -> None:
        self.rng = random.Random(seed)
        self._count = 0
        self.families = families or self._choose_families()
        self.pieces = [piece for name in self.families for piece in FAMILIES[name].pieces]
        self.needs_torch = any(FAMILIES[name].torch for name in self.families)
        main = [self._begin(begin) for name in self.families for begin in FAMILIES[name].begins]
        main += [self._block() for _ in range(self.rng.randint(4, 12))]
        other = [Draft("component", f"c{n}", self._filled(text)) for n, text in enumerate(OTHER)]
        filled = {name: self._filled(text) for name, text in FILES.items()}
        self.vault = Written({"Main": tuple(main), "Other": tuple(other)}, {}, filled)

    def _choose_families(self) -> tuple[str, ...]:
        if self.rng.random() < _TORCH_SHARE:
            return ("torch",)
        names = [name for name, family in FAMILIES.items() if not family.torch]
        return tuple(self.rng.sample(names, self.rng.choice((1, 2, 2, 3))))

    def _filled(self, text: str) -> str:
        return _NUMBER.sub(lambda _: str(self.rng.randint(1, 5)), text)

    def _id(self) -> str:
        self._count += 1
        return f"b{self._count}"

    def _begin(self, text: str) -> Draft:
        defines = text.startswith(("def ", "class ", "import ", "from "))
        role = self.rng.choice(("component", "setup", "run")) if defines else "run"
        if not defines and self.rng.random() < 0.3:
            role = "setup"
        return Draft(role, self._id(), self._filled(text))

    def _block(self) -> Draft:
        if self.rng.random() < 0.04:
            return Draft("test", self._id(), self._filled(self.rng.choice(TESTS)))
        if self.rng.random() < 0.01:
            return Draft("run", self._id(), self._filled(self.rng.choice(DEATHS)))
        pieces = self.rng.sample(self.pieces, self.rng.choice((1, 1, 1, 2, 2, 3)))
        role = self.rng.choices(("run", "test", "component", "setup"), (88, 6, 4, 2))[0]
        return Draft(role, self._id(), self._filled("\n".join(pieces)))

    # --- edits

    def edit(self) -> str:
        """Change the vault by one edit, and return its kind."""
        while True:
            kind = self.rng.choices(list(EDITS), [weight for weight, _ in EDITS.values()])[0]
            changed = EDITS[kind][1](self, self.vault)
            if changed is not None and changed != self.vault:
                self.vault = changed
                return kind

    def _main(self, vault: Written) -> list[Draft]:
        return list(vault.notes[self._name(vault)])

    def _name(self, vault: Written) -> str:
        return next(name for name in vault.notes if name != "Other")

    def _with_main(self, vault: Written, blocks: list[Draft]) -> Written:
        return replace(vault, notes={**vault.notes, self._name(vault): tuple(blocks)})

    def _changed_block(self, vault: Written, change: Callable[[Draft], Draft]) -> Written:
        blocks = self._main(vault)
        place = self.rng.randrange(len(blocks))
        blocks[place] = change(blocks[place])
        return self._with_main(vault, blocks)

    def constant(self, vault: Written) -> Written:
        return self._changed_block(vault, lambda b: replace(b, source=self._renumbered(b.source)))

    def _renumbered(self, text: str) -> str:
        found = list(_DIGIT.finditer(text))
        if not found:
            return text
        match = self.rng.choice(found)
        return text[: match.start()] + str(self.rng.randint(1, 5)) + text[match.end() :]

    def insert(self, vault: Written) -> Written:
        blocks = self._main(vault)
        blocks.insert(self.rng.randint(0, len(blocks)), self._block())
        return self._with_main(vault, blocks)

    def delete(self, vault: Written) -> Written | None:
        blocks = self._main(vault)
        if len(blocks) < 3:
            return None
        del blocks[self.rng.randrange(len(blocks))]
        return self._with_main(vault, blocks)

    def swap(self, vault: Written) -> Written:
        blocks = self._main(vault)
        a, b = (self.rng.randrange(len(blocks)) for _ in range(2))
        blocks[a], blocks[b] = blocks[b], blocks[a]
        return self._with_main(vault, blocks)

    def move(self, vault: Written) -> Written:
        blocks = self._main(vault)
        moved = blocks.pop(self.rng.randrange(len(blocks)))
        blocks.insert(self.rng.randint(0, len(blocks)), moved)
        return self._with_main(vault, blocks)

    def line(self, vault: Written) -> Written:
        """Delete or double a top-level line."""

        def change(block: Draft) -> Draft:
            lines = block.source.split("\n")
            plain = [i for i, text in enumerate(lines) if not text.startswith((" ", "@"))]
            at = self.rng.choice(plain)
            whole = [i for i in plain if not lines[i].endswith(":")]
            if whole and self.rng.random() < 0.5:
                at = self.rng.choice(whole)
                lines.insert(at, lines[at])
            elif len(whole) > 1:
                del lines[self.rng.choice(whole)]
            return replace(block, source="\n".join(lines))

        return self._changed_block(vault, change)

    def rename_name(self, vault: Written) -> Written | None:
        """Rename what a block defines: everywhere, or there alone."""
        blocks = self._main(vault)
        place = self.rng.randrange(len(blocks))
        names = [a or b for a, b in _DEFINED.findall(blocks[place].source)]
        if not names:
            return None
        old = self.rng.choice(names)
        pattern = re.compile(rf"\b{old}\b")
        everywhere = self.rng.random() < 0.7
        for index, block in enumerate(blocks):
            if everywhere or index == place:
                blocks[index] = replace(block, source=pattern.sub(f"{old}_", block.source))
        return self._with_main(vault, blocks)

    def rename_id(self, vault: Written) -> Written:
        return self._changed_block(vault, lambda block: replace(block, id=self._id()))

    def remark(self, vault: Written) -> Written:
        return self._changed_block(
            vault, lambda b: replace(b, source=f"# a remark\n\n{b.source}  # and another")
        )

    def role(self, vault: Written) -> Written:
        role = self.rng.choice(("run", "run", "setup", "component", "test"))
        return self._changed_block(vault, lambda block: replace(block, role=role))

    def option(self, vault: Written) -> Written:
        blocks = self._main(vault)
        needs = f"needs: [{self.rng.choice(blocks).id}]"
        others = (f"seed: {self.rng.randint(1, 5)}", "cache: false", "output: none", "output: text")
        options = self.rng.choice([(), (needs,), *((other,) for other in others)])
        return self._changed_block(vault, lambda block: replace(block, options=options))

    def break_off(self, vault: Written) -> Written:
        """Save in the middle of typing; the next such edit mends it."""

        def change(block: Draft) -> Draft:
            mended = block.source.removesuffix("\nx = (")
            return replace(block, source=mended if mended != block.source else mended + "\nx = (")

        return self._changed_block(vault, change)

    def rename_note(self, vault: Written) -> Written:
        name = self._name(vault)
        new = self.rng.choice([other for other in ("Main", "Main 2", "Haupt") if other != name])
        notes = {new if path == name else path: blocks for path, blocks in vault.notes.items()}
        properties = {new: vault.properties.get(name, ""), "Other": ""}
        return replace(vault, notes=notes, properties=properties)

    def property(self, vault: Written) -> Written:
        text = self.rng.choice(("", "seed: 1", "seed: 2", "module: main_note"))
        return replace(vault, properties={**vault.properties, self._name(vault): text})

    def imported(self, vault: Written) -> Written:
        """Edit the note that the other one imports: a number, the order, a block less or more."""
        blocks = list(vault.notes["Other"])
        place = self.rng.randrange(len(blocks))
        old = blocks[place]
        match self.rng.randrange(10):
            case 0 | 1:
                blocks.insert(self.rng.randrange(len(blocks)), blocks.pop(place))
            case 2 if len(blocks) > 1:
                del blocks[place]
            case 3:
                text = self._filled(self.rng.choice(OTHER))
                blocks.insert(place, Draft("component", self._id(), text))
            case 4:  # it fails where it is imported, or no more
                mended = old.source.removesuffix("\nmissing")
                source = mended if mended != old.source else f"{mended}\nmissing"
                blocks[place] = replace(old, source=source)
            case _:
                blocks[place] = replace(old, source=self._renumbered(old.source))
        return replace(vault, notes={**vault.notes, "Other": tuple(blocks)})

    def file(self, vault: Written) -> Written:
        """Change a file beside the notes, take it away, or bring it back."""
        name = self.rng.choice(list(FILES))
        held = vault.files.get(name)
        if held is None:
            return replace(vault, files={**vault.files, name: self._filled(FILES[name])})
        if self.rng.random() < 0.15:
            return replace(vault, files={k: v for k, v in vault.files.items() if k != name})
        return replace(vault, files={**vault.files, name: self._renumbered(held)})


# Kind: how often, and how.
EDITS: dict[str, tuple[int, Callable[[Author, Written], Written | None]]] = {
    "a constant": (24, Author.constant),
    "a block inserted": (14, Author.insert),
    "a block deleted": (8, Author.delete),
    "two blocks swapped": (8, Author.swap),
    "a block moved": (8, Author.move),
    "a line deleted or doubled": (6, Author.line),
    "a name changed": (6, Author.rename_name),
    "an id changed": (4, Author.rename_id),
    "a remark": (5, Author.remark),
    "a role": (5, Author.role),
    "an option": (5, Author.option),
    "broken off or mended": (3, Author.break_off),
    "the note renamed": (2, Author.rename_note),
    "a property": (3, Author.property),
    "the imported note": (10, Author.imported),
    "a file": (8, Author.file),
}
