"""What C and Rust code reads and writes by a name that stands in the block's text."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.evidence import Witness
from runner.namedfiles import NamedFiles

Act = Callable[[Path], object]


def nothing(_: Path) -> None:
    """Leave everything as it is."""


def put(name: str, text: str = "new") -> Act:
    """Write as code does that Python hears nothing of."""

    def write(folder: Path) -> None:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)

    return write


# block, what stands there before, what it does; what it read (r) and wrote (w)
TREES: dict[str, tuple[str, list[str], Act, str]] = {
    "a file": ("load_file('m/a')", ["m/a"], nothing, "r m/a"),
    "a file that is written": ("save_file(x, 'm/a')", ["m/a"], put("m/a"), "w m/a"),
    "a new file": ("save_model(n, 'm/a')", ["m/b"], put("m/a"), "w m/a"),
    "a folder": ("M.from_pretrained('m')", ["m/a", "m/b/c"], nothing, "r m, r m/a, r m/b/c"),
    "a folder by another call": ("f('m')", ["m/a"], nothing, ""),
    "a folder that is written": ("n.save_pretrained('m')", ["m/a"], put("m/a"), "r m, w m/a"),
    "a new folder": ("n.save_pretrained('m')", [], put("m/a"), "w m, w m/a"),
    "a file more": ("n.save_pretrained('m')", ["m/a"], put("m/b"), "r m, r m/a, w m/b"),
    "what another wrote meanwhile": ("M.from_pretrained('m')", ["m/a"], put("m/a"), "r m, r m/a"),
    "what another made meanwhile": ("M.from_pretrained('m')", [], put("m/a"), "r m, r m/a"),
    "a folder that it makes": ("if not exists('m'): makedirs('m')", [], put("m/a"), "w m, w m/a"),
    "the note's own folder": ("M.from_pretrained('.')", ["m/a"], nothing, ""),
    "prose": ("print('m/a is read')", ["m/a"], nothing, ""),
}  # fmt: skip


@pytest.mark.parametrize(("source", "there", "act", "found"), TREES.values(), ids=TREES)
def test_what_is_read_and_written(
    source: str,
    there: list[str],
    act: Act,
    found: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in there:
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text("old text")
    named = NamedFiles(os.path.join(tmp_path, ""))
    named.expect(source)
    act(tmp_path)
    seen = {
        f"{'w' if own else 'r'} {Path(path).relative_to(tmp_path).as_posix()}"
        for path, _, own in named.settle()
    }
    assert seen == set(filter(None, found.split(", ")))
    assert list(named.settle()) == []


def test_a_folder_outside_the_vault_counts_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "a").write_text("a")
    named = NamedFiles(os.path.join(tmp_path, "vault", ""))
    named.expect(f"M.from_pretrained('{(tmp_path / 'm').as_posix()}')")
    assert list(named.settle()) == []


def test_a_folder_s_files_are_evidence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    witness = Witness(str(tmp_path))
    witness.expect("a", "n.save_pretrained('m')")
    put("m/weights")(tmp_path)
    first = witness.evidence("cpu")
    assert str(tmp_path / "m" / "weights") in first.written
    assert not first.doubt
    witness.expect("b", "M.from_pretrained('m')")
    needed, alone = witness.evidence("cpu", ["a"]), witness.evidence("cpu", [])
    assert str(tmp_path / "m" / "weights") not in dict(needed.files)
    assert str(tmp_path / "m" / "weights") in dict(alone.files)


def test_a_folder_that_is_not_there_yet_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    witness = Witness(str(tmp_path))
    witness.expect("b", "M.from_pretrained('m')")
    assert dict(witness.evidence("cpu").files)[str(tmp_path / "m")] == ""
