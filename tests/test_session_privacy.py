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
