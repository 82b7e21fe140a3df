"""Trust: nothing in a vault can grant it, nothing of an untrusted vault executes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from vaults import Home, fence

from runner import trust
from runner.parse import parse

MARK = fence("run", "mark", "open('executed', 'w').close()", "print('ran')")


@pytest.fixture
def marked(home: Home) -> Home:
    home.write(".obsidian/app.json", "{}")
    home.write("N.md", MARK)
    return home


def executed(home: Home) -> bool:
    return (home.vault / "executed").exists()


def test_an_unknown_vault_executes_nothing(marked: Home) -> None:
    before = marked.files()
    for command in ("run", "check", "status", "explain"):
        ran = marked.command(command, ".")
        assert ran.code == {"run": 3, "check": 1}.get(command, 0), ran
    assert marked.files() == before


def test_the_refusal_says_what_to_do(marked: Home) -> None:
    ran = marked.command("run", ".")
    assert ran.out == ""
    assert "not trusted" in ran.err and "--trust" in ran.err and str(marked.vault) in ran.err
    told = marked.command("run", ".", "--json")
    assert (told.code, told.err) == (3, "")
    assert set(told.json) == {"error"}


def test_trust_for_one_run_is_forgotten(marked: Home) -> None:
    assert marked.command("run", ".", "--trust").code == 0
    assert executed(marked)
    assert marked.command("run", ".").code == 3


def test_trust_is_kept_and_revoked(marked: Home) -> None:
    assert marked.command("trust", ".").code == 0
    assert marked.command("run", "N.md").code == 0
    assert executed(marked)
    marked.edit("N.md", "print('ran')", "print('ran again')")
    assert marked.command("run", ".").code == 0
    assert marked.command("trust", ".", "--revoke").code == 0
    assert marked.command("run", ".").code == 3
    again = marked.command("trust", ".", "--revoke")
    assert again.code == 0 and "was not trusted" in again.out


def test_pinned_trust_lasts_as_long_as_the_notes(marked: Home) -> None:
    assert marked.command("trust", ".", "--pin").code == 0
    assert marked.command("run", ".").code == 0, "writing results is no change"
    assert "runner:mark" in marked.read("N.md")
    assert marked.command("run", ".").code == 0
    assert "nothing changed" in marked.command("trust", ".", "--diff").out
    marked.edit("N.md", "print('ran')", "print('worse')")
    marked.write("New.md", fence("run", "new", "print(1)"))
    refused = marked.command("run", ".")
    assert refused.code == 3
    assert "N.md" in refused.err and "New.md" in refused.err and "--diff" in refused.err
    told = marked.command("trust", ".", "--diff", "--json").json
    assert (told["changed"], told["added"], told["gone"]) == (["N.md"], ["New.md"], [])
    assert marked.command("trust", ".", "--pin").code == 0
    assert marked.command("run", ".").code == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("print('ran')", "print('ran')\nimport helper"),
        ("```python", "prose that a reader should see\n\n```python"),
        ("<!-- /runner -->", "<!-- /runner -->\n\nprose behind"),
    ],
)
def test_a_changed_note_ends_a_pin(marked: Home, old: str, new: str) -> None:
    marked.command("trust", ".", "--pin")
    marked.command("run", ".")
    marked.edit("N.md", old, new)
    assert marked.command("run", ".").code == 3


def test_a_pin_covers_the_python_files_of_the_vault(marked: Home) -> None:
    """Code that a note imports runs as well: a pin by content has to see it change."""
    marked.write("helper.py", "VALUE = 1\n")
    marked.write("N.md", fence("run", "uses", "import helper", "print(helper.VALUE)"))
    marked.command("trust", ".", "--pin")
    assert marked.command("run", ".").code == 0
    marked.write("helper.py", "open('executed', 'w').close()\nVALUE = 2\n")
    assert marked.command("run", ".").code == 3
    assert not executed(marked)


def test_settings_of_an_untrusted_vault_are_not_read(marked: Home) -> None:
    program = marked.vault / "evil.py"
    marked.write("evil.py", f"#!{sys.executable}\nopen('executed', 'w').close()\n")
    program.chmod(0o755)
    marked.write(".runner.toml", f"python = {str(program)!r}\nlauncher = [{str(program)!r}]\n")
    for command in ("check", "status", "explain"):
        assert marked.command(command, ".").code in (0, 1)
    assert marked.command("run", ".").code == 3
    assert not executed(marked)


@pytest.mark.parametrize(
    "line", ["trust = true", "trusted = true", 'python = "x"\n[trust]\nalways = true']
)
def test_a_vault_cannot_trust_itself(marked: Home, line: str) -> None:
    marked.write(".runner.toml", line + "\n")
    marked.write("trust.json", f'{{"{marked.vault.as_posix()}": {{}}}}')
    assert marked.command("run", ".").code == 3
    assert not executed(marked)


def test_trust_of_one_vault_is_not_that_of_another(marked: Home, tmp_path: Path) -> None:
    marked.command("trust", ".")
    other = tmp_path / "vault-2"
    (other / ".obsidian").mkdir(parents=True)
    (other / "N.md").write_bytes(MARK.encode())
    assert marked.command("run", str(other)).code == 3
    inside = marked.vault / "inner"
    (inside / ".obsidian").mkdir(parents=True)
    (inside / "M.md").write_bytes(MARK.encode())
    assert marked.command("run", str(inside)).code == 3, "a vault in a vault is its own"


def test_an_import_from_an_untrusted_vault_beside(marked: Home) -> None:
    assert marked.command("run", ".", "--trust").code == 0


def test_the_trust_store_is_the_users_alone(marked: Home) -> None:
    marked.command("trust", ".")
    file = marked.state / "trust.json"
    assert file.exists()
    if sys.platform != "win32":
        assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", ["", "{", "[]", '{"x": 1}', "\xff"])
def test_a_damaged_trust_store_trusts_nothing(marked: Home, content: str) -> None:
    marked.state.mkdir()
    (marked.state / "trust.json").write_bytes(content.encode("latin-1"))
    ran = marked.command("run", ".")
    assert (ran.code, ran.out) == (2, "")
    assert "trust.json" in ran.err and "Traceback" not in ran.err
    assert not executed(marked)


# --- fingerprints ----------------------------------------------------------------------------

SHOWN = "\n<!-- runner:mark 3f9a1c0d ok cpu -->\n\n```text\nran\n```\n\n<!-- /runner -->\n"


def print_of(text: str) -> str:
    return trust.fingerprints([parse("N.md", text)], {})["N.md"]


@pytest.mark.parametrize("ending", ["", "\n", "\n\nprose\n"])
def test_what_we_wrote_is_not_in_a_fingerprint(ending: str) -> None:
    assert print_of(MARK.rstrip() + "\n" + SHOWN + ending) == print_of(
        MARK.rstrip() + "\n" + ending
    )
    matrix = "# x\n\n<!-- runner-matrix -->\nTABLE<!-- /runner -->\n\n" + MARK
    assert print_of(matrix.replace("TABLE", "")) == print_of(
        matrix.replace("TABLE", "\n| a |\n|---|\n\n")
    )


def test_a_forged_region_hides_no_code() -> None:
    """What stands between markers never runs, so it may change; a block in it does not hide."""
    forged = SHOWN.replace("```text\nran\n```", '```python {run="evil"}\nevil()\n```')
    assert print_of(MARK.rstrip() + "\n" + forged) != print_of(MARK.rstrip() + "\n")


def test_changes_are_sorted_by_kind() -> None:
    changes = trust.changes({"a": "1", "b": "1", "c": "1"}, {"a": "1", "b": "2", "d": "1"})
    assert (changes.changed, changes.added, changes.gone) == (("b",), ("d",), ("c",))
    assert changes
    assert not trust.changes({"a": "1", "b": "1"}, {"a": "1"}), "a note less executes nothing new"


def test_a_pinned_vault_is_not_watched(marked: Home) -> None:
    assert marked.command("trust", ".", "--pin").code == 0
    done = marked.command("watch", ".")
    assert done.code == 3 and "is pinned" in done.err
    assert "runner:mark" not in marked.read("N.md")
