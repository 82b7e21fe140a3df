"""What blocks see of the user's environment, and what notes keep of what they print."""

from __future__ import annotations

from vaults import Home, fence


def test_a_block_sees_what_programs_need_and_what_it_declares(home: Home) -> None:
    home.write(
        "N.md",
        fence(
            "run",
            "seen",
            "#| env: [DB_PASSWORD, GONE]",
            "import os",
            "print(sorted(name for name in os.environ if name[:3] in ('DB_', 'CI_', 'LC_')))",
        )
        + fence("run", "hidden", "import os", "print('other', os.environ.get('OTHER_TOKEN'))"),
    )
    secrets = {"DB_PASSWORD": "open sesame", "OTHER_TOKEN": "abracadabra", "CI_JOB": "7"}
    assert home.run(**secrets, LC_TIME="C").code == 0
    text = home.read("N.md")
    assert "['DB_PASSWORD', 'LC_TIME']" in text.splitlines()
    assert "other None" in text.splitlines()


def test_secrets_and_the_home_folder_stay_out_of_notes(home: Home) -> None:
    home.write(
        "N.md",
        fence(
            "run",
            "told",
            "#| env: [DB_PASSWORD]",
            "import os",
            "from pathlib import Path",
            "print(os.environ['DB_PASSWORD'], Path.home() / 'notes')",
            "raise ValueError(os.environ['DB_PASSWORD'])",
        ),
    )
    ran = home.run(DB_PASSWORD="open sesame", HOME=str(home.vault.parent))
    text = home.read("N.md")
    assert "open sesame" not in text + ran.out
    assert "‹DB_PASSWORD› ~/notes" in text.replace("\\", "/")
    assert "ValueError: ‹DB_PASSWORD›" in text
    kept = [file.read_bytes() for file in home.vault.parent.rglob("*") if file.is_file()]
    assert not any(b"open sesame" in data for data in kept)


def test_a_secret_is_kept_nowhere_however_it_is_told(home: Home) -> None:
    secret = "tr0ub4dor & 3/päss"
    told = {
        "pieces": ["import sys", "for part in s: sys.stdout.write(part); sys.stdout.flush()"],
        "flood": ["for _ in range(3000): print('line', s)"],
        "bytes": ["import os", "os.write(1, s.encode())"],
        "child": ["import subprocess, sys", "subprocess.run([sys.executable, '-c', 'import os; print(os.environ[\"MY_TOKEN\"])'])"],
        "table": ["import pandas", "pandas.DataFrame({s: [s]})"],
        "markup": ["class M:", "    def _repr_markdown_(self): return f'**{s}**'", "M()"],
        "repr": ["{'key': [s]}"],
        "base64": ["import base64", "print(base64.b64encode(f'ann:{s}'.encode()).decode())"],
        "url": ["import urllib.parse", "print(urllib.parse.quote(s))"],
        "warning": ["import warnings", "warnings.warn(s)"],
        "raised": ["raise ValueError(s) from KeyError(s)"],
        "drawn": ["print('<svg>')", "class S:", "    def _repr_svg_(self): return f'<svg xmlns=\"http://www.w3.org/2000/svg\"><desc>{s}</desc></svg>'", "S()"],
        "killed": ["print(s, flush=True)", "os._exit(3)"],
    }  # fmt: skip
    first = ("#| env: [MY_TOKEN]", "import os", "s = os.environ['MY_TOKEN']")
    for id, lines in told.items():
        home.write(f"{id}.md", fence("run", id, *first, *lines))
    tests = (
        "import pytest",
        "@pytest.mark.parametrize('p', [s], ids=[s])",
        "def test_p(p): assert p == s + '!'",
    )
    home.write("tested.md", fence("test", "tested", *first, *tests))
    ran = home.run(MY_TOKEN=secret)
    assert {block["id"] for block in ran.blocks().values()} == {*told, "tested"}
    needles = [secret, "tr0ub4dor", "dHIwdWI0ZG9y", "RyMHViNGRv", "0cjB1YjRkb3"]
    kept = {file: file.read_bytes() for file in home.vault.parent.rglob("*") if file.is_file()}
    found = {
        (file.name, needle)
        for file, data in kept.items()
        for needle in needles
        if needle.encode() in data
    }
    assert found == set()
    assert not any(needle in ran.out + ran.err for needle in needles)
    for id in [*told, "tested"]:
        assert "‹MY_TOKEN›" in home.read(f"{id}.md") or id == "drawn"
