"""Which files of ours are lost, by a clock that tests set."""

from __future__ import annotations

from pathlib import Path

import pytest
from clocks import Clock

from runner.restoring import Lost, Restoring
from runner.vault import Vault

NOTE = """```python {run="fig"}
draw()
```

<!-- runner:fig 00000000 ok cpu -->

![[a-fig-1.png]]

<!-- /runner -->
"""
NAME = "a-fig-1.png"
REMOVED = Lost("A.md", NAME, is_there=False, for_good=False)


class Scene:
    """A vault with one note, its figure, and what watches over it."""

    def __init__(self, root: Path) -> None:
        (root / "A.md").write_text(NOTE, encoding="utf-8")
        self.figure = root / NAME
        self.figure.write_bytes(b"ours")
        self.vault = Vault(root)
        self.vault.hold()
        self.clock = Clock()
        self.restoring = Restoring(self.vault, lambda data: data == b"ours", self.clock)

    def heard(self, *files: str, saved: tuple[str, ...] = ()) -> list[Lost]:
        """What is lost when nothing has happened for a while behind this."""
        self.vault.hold()
        self.restoring.hear({*files}, saved)
        assert self.restoring.lost(self.vault.notes()) == []
        self.clock.now += 2.0
        return self.restoring.lost(self.vault.notes())


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_what_we_wrote_ourselves_is_not_lost(scene: Scene) -> None:
    assert scene.heard(NAME) == []
    assert scene.restoring.due() == float("inf")


def test_what_was_removed_or_overwritten_is(scene: Scene) -> None:
    scene.figure.unlink()
    assert scene.heard(NAME) == [REMOVED]
    scene.figure.write_bytes(b"another")
    assert scene.heard(NAME) == [Lost("A.md", NAME, is_there=True, for_good=False)]


def test_not_while_anything_happens(scene: Scene) -> None:
    scene.figure.unlink()
    for _ in range(3):
        scene.restoring.hear({NAME}, ())
        scene.clock.now += 1.5
        assert scene.restoring.lost(scene.vault.notes()) == []


def test_not_what_the_note_no_longer_shows(scene: Scene) -> None:
    scene.figure.unlink()
    (scene.vault.root / "A.md").write_text(NOTE.replace(f"![[{NAME}]]", ""), encoding="utf-8")
    assert scene.heard(NAME) == []


def test_not_what_was_moved(scene: Scene) -> None:
    (scene.vault.root / "elsewhere").mkdir()
    scene.figure.rename(scene.vault.root / "elsewhere" / NAME)
    assert scene.heard(NAME, f"elsewhere/{NAME}") == []


def test_not_for_ever_but_anew_when_the_note_is_saved_or_much_later(scene: Scene) -> None:
    scene.figure.unlink()
    gives_up = Lost("A.md", NAME, is_there=False, for_good=True)
    found = [scene.heard(NAME) for _ in range(5)]
    assert found == [[REMOVED], [REMOVED], [gives_up], [], []]
    assert scene.heard(NAME, saved=("A.md",)) == [REMOVED]
    scene.clock.now += 601
    assert scene.heard(NAME) == [REMOVED]
