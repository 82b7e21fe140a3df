"""Which notes import which, through the Python files beside them too: the frame of a graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .codefacts import Facts, Import
from .effects import BUILTINS
from .knownfacts import facts
from .localcode import LocalCode, Read, is_local, looks_elsewhere
from .note import Note, Problem, Role, Severity
from .records import replace
from .resolve import DEFINING, Key
from .views import View


class Importing:
    """Names the modules of ``notes``, views their code, and puts them in order.

    ``every`` are the notes and the files beside them that they import, which ``read`` reads.
    """

    def __init__(self, notes: Mapping[str, Note], read: Read) -> None:
        self.notes = notes
        self.every: dict[str, Note] = dict(notes)
        self.modules: dict[str, str] = {}
        self.problems: dict[str, list[Problem]] = {path: [] for path in notes}
        self.faults: dict[str, str] = {}
        self.block_faults: dict[Key, str] = {}
        self.views: dict[str, View] = {}
        self._beside = LocalCode(read)
        self._near: dict[str, set[str]] = {}

    def error(self, path: str, line: int, what: str, hint: str) -> None:
        """Remember what is wrong with a note; files beside the notes say so when they run."""
        if path in self.problems:
            self.problems[path].append(Problem(line, Severity.ERROR, what, hint))

    # --- modules

    def name_modules(self) -> None:
        """Give each module its note; two notes of one name are in each other's way."""
        for path, note in self.notes.items():
            other = self.modules.setdefault(note.module, path)
            if other == path:
                continue
            for here, there in ((path, other), (other, path)):
                what = f"{here} and {there} are both the module `{note.module}`"
                self.faults[here] = what
                line = self.notes[here].blocks[0].line
                self.error(here, line, what, "rename one note or give it a `module:` property")
                for block in self.notes[here].blocks:
                    self.block_faults[here, block.id] = f"its note shares a name with {there}"

    def view_all(self) -> None:
        """Find out what the code of each note does, and of the files that it imports."""
        pending = list(self.notes.values())
        while pending:
            note = pending.pop()
            self._view(note, known=True)
            for path in self._beside.notes.keys() - self.every.keys():
                self.every[path] = self._beside.notes[path]
                self.modules[self.every[path].module] = path
                pending.append(self.every[path])
        if len(self.every) > len(self.notes):
            for path in self._unsettled():
                self._view(self.notes[path], known=False)
                self._near[path] = set()

    def _view(self, note: Note, *, known: bool) -> None:
        self.views[note.path] = View.of(note, self._all_facts(note, known))

    def _all_facts(self, note: Note, known: bool) -> list[Facts]:
        """``known``: what it imports from beside it is certainly what lies there."""
        found: list[Facts] = []
        imported: dict[str, str] = {}
        place = self._beside.place_of(note)
        for block in note.blocks:
            above = tuple(sorted((n, p) for n, p in imported.items() if n in block.source))
            own = facts(block.source, above)
            if local := self._beside.named_in(own.imports, place):
                if known:
                    own = facts(block.source, above, local)
                else:
                    more = (Import(module, "", "", 1) for _, module in local)
                    own = replace(own, imports=(*own.imports, *more))
            found.append(own)
            if block.role is not Role.TEST:
                for name, _ in own.kinds:
                    imported.pop(name, None)
                imported.update(own.modules)
                imported.update((name, "") for name in (own.binds | own.may_bind) & BUILTINS)
        return found

    def _unsettled(self) -> set[str]:
        """The notes in whose process other files than those beside them may be imported: where a
        note of another folder imports them, or the search path is another one."""
        self._near = {path: self.all_imported(path) for path in self.every}
        odd = {
            path
            for path, note in self.every.items()
            if looks_elsewhere(block.source for block in note.blocks)
        }
        found = {path for path in self.notes if not odd.isdisjoint(self._near[path] | {path})}
        for path, near in self._near.items():
            folder = self._beside.place_of(self.every[path]).folder
            foreign = {p for p in near if self._beside.place_of(self.every[p]).folder != folder}
            found |= {p for p in foreign & self.notes.keys() if any(map(is_local, self._near[p]))}
        return found

    def local_of(self, path: str) -> set[str]:
        """The files that are executed for a note if any are, by their paths as notes; none where
        others may be."""
        return set(filter(is_local, self._near.get(path, ())))

    # --- imports

    def imports_of(self, path: str, index: int) -> Iterator[tuple[str, str, int]]:
        """(other note, imported name or "", note line) of every import of a note in a block."""
        block = self.every[path].blocks[index]
        for item in self.views[path].facts[index].imports:
            module, name = item.module, item.name
            if module == "vault" and name:
                module, name = f"vault.{name}", ""
            other = self.modules.get(module)
            if other is not None and other != path:
                yield other, name, block.code_line + item.line - 1

    def imported(self, path: str) -> set[str]:
        """The notes that one imports, by itself or through files beside it."""
        found: set[str] = set()
        pending, seen = [path], {path}
        while pending:
            for other in self._directly(pending.pop()) - seen:
                seen.add(other)
                if is_local(other):
                    pending.append(other)
                else:
                    found.add(other)
        return found

    def _directly(self, path: str) -> set[str]:
        indices = range(len(self.every[path].blocks))
        return {other for index in indices for other, _, _ in self.imports_of(path, index)}

    def all_imported(self, path: str) -> set[str]:
        """What is executed when it is imported: notes, and files beside them."""
        found: set[str] = set()
        pending = [path]
        while pending:
            new = self._directly(pending.pop()) - found
            found |= new
            pending.extend(new)
        return found

    def warn_of_unknown_notes(self, path: str, index: int) -> None:
        """Say which imports name no note, and which one they may mean."""
        if path not in self.notes:
            return
        block = self.notes[path].blocks[index]
        for item in self.views[path].facts[index].imports:
            module = f"vault.{item.name}" if item.module == "vault" and item.name else item.module
            if module.startswith("vault.") and module not in self.modules and item.name != "*":
                what = f"no note with tagged blocks is the module `{module}`"
                others = {m.removeprefix("vault."): m for m, p in self.modules.items() if p != path}
                import difflib  # most notes need none of it

                near = difflib.get_close_matches(module.removeprefix("vault."), others, n=1)
                found = others[near[0]] if near else ""
                meant = f"did you mean `{found}` ({self.modules[found]})?" if found else ""
                hint = meant or "correct the name, or give the note a `module:` property"
                line = block.code_line + item.line - 1
                self.problems[path].append(Problem(line, Severity.WARNING, what, hint))

    # --- order

    def order(self) -> list[str]:
        """Imported notes first, else by path; cycles among importable blocks are reported."""
        order: list[str] = []
        done: set[str] = set()
        for start in self.notes:
            self._visit(start, [], order, done)
        return order

    def _visit(
        self, path: str, trail: list[tuple[str, str, int]], order: list[str], done: set[str]
    ) -> None:
        if path in done:
            return
        done.add(path)
        for index, block in enumerate(self.every[path].blocks):
            for other, _, line in self.imports_of(path, index):
                if block.role not in DEFINING:
                    continue
                here = [*trail, (path, block.id, line)]
                if any(step[0] == other for step in here):
                    self._report_cycle(here, other)
                else:
                    self._visit(other, here, order, done)
        for index in range(len(self.every[path].blocks)):
            for other, _, _ in self.imports_of(path, index):
                if other not in {step[0] for step in trail}:
                    self._visit(other, [*trail, (path, "", 0)], order, done)
        order.append(path)

    def _report_cycle(self, trail: list[tuple[str, str, int]], back_to: str) -> None:
        start = next(i for i, step in enumerate(trail) if step[0] == back_to)
        cycle = trail[start:]
        if any(not block_id for _, block_id, _ in cycle):
            return  # a run or test block is on the way: importing does not execute it
        if sum(not is_local(path) for path, _, _ in cycle) < 2:
            return  # a file may import the note that imports it, in a function
        places = " → ".join(f"{path.replace('./', '')}:{line}" for path, _, line in cycle)
        what = f"these notes import each other: {places} → {cycle[0][0].replace('./', '')}"
        for path, block_id, line in cycle:
            self.faults[path] = what
            self.block_faults[path, block_id] = "its import is part of a cycle"
            self.error(path, line, what, "move what both need into a third note")
