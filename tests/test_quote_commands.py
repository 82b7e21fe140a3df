"""The commands of ``quotes``, as their users meet them: real processes, notes and PDFs on disk."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import small_pdfs
from quote_homes import EDITION, TWO_LINES, home, pages_kept_once, quoted, vault
from small_pdfs import lines, pdf
from vaults import Home, Ran, fence

__all__ = ["home", "pages_kept_once", "vault"]  # fixtures

VERDICTS = (
    "exact edited offset shifted moved other-page ambiguous not-found unreadable no-quote no-text "
    "no-pdf"
).split()


def verdicts(ran: Ran) -> list[str]:
    return [link["verdict"] for link in ran.json["links"]]


def check(home: Home, *more: str) -> Ran:
    return home.command("quotes", "check", ".", "--json", *more)


# --- check ------------------------------------------------------------------------------------


def test_a_true_quote_is_exact(vault: Home) -> None:
    ran = check(vault)
    (link,) = ran.json["links"]
    assert ran.code == 0
    assert list(link) == [
        "note", "line", "pdf", "page", "selection", "quote", "verdict", "message", "pieces", "found",
    ]  # fmt: skip
    assert (link["note"], link["line"], link["pdf"], link["page"]) == ("N.md", 5, "paper.pdf", 1)
    assert (link["verdict"], link["quote"], link["found"]) == ("exact", TWO_LINES, None)
    assert [(piece["verdict"], piece["page"]) for piece in link["pieces"]] == [("exact", 1)]
    assert list(ran.json["summary"]) == VERDICTS
    assert {v: n for v, n in ran.json["summary"].items() if n} == {"exact": 1}


def test_a_word_put_in_is_an_error(vault: Home) -> None:
    vault.edit("N.md", "note has a place", "note has not a place")
    ran = check(vault)
    assert (ran.code, verdicts(ran)) == (1, ["edited"])
    said = vault.command("quotes", "check", "N.md")
    assert said.code == 1
    head, line, total = said.out.splitlines()
    assert (head, total) == ("N.md", "1 edited")
    assert line.startswith("  edited N.md:5: ") and "not" in line


def test_each_pdf_gets_the_verdict_of_its_state(home: Home) -> None:
    states = {
        "locked": (small_pdfs.locked(), "unreadable"),
        "empty": (b"", "unreadable"),
        "scan": (small_pdfs.scan(), "no-text"),
        "lfs": (b"version https://git-lfs.github.com/spec/v1\n", "no-pdf"),
        "gone": (None, "no-pdf"),
    }
    for name, (data, _) in states.items():
        if data is not None:
            home.write(f"{name}.pdf", data)
        home.write(f"{name}.md", quoted(f"[[{name}.pdf#page=1&selection=0,0,0,4]]", "some words"))
    home.write("bare.md", "See [[scan.pdf#page=1&selection=0,0,0,4]] on this.\n")
    ran = check(home)
    found = {link["note"].removesuffix(".md"): link["verdict"] for link in ran.json["links"]}
    assert found == {name: verdict for name, (_, verdict) in states.items()} | {"bare": "no-quote"}
    assert ran.code == 1
    assert len({link["message"] for link in ran.json["links"]}) == len(ran.json["links"])
    for name in ("scan", "lfs", "gone", "bare"):
        assert home.command("quotes", "check", f"{name}.md").code == 0


def test_links_that_name_no_place_are_not_asked_after(vault: Home) -> None:
    vault.write("M.md", "[[paper.pdf]], ![[paper.pdf#page=1]] and %% [[paper.pdf#page=1]] %%\n")
    assert vault.command("quotes", "check", "M.md", "--json").json["links"] == []
    assert vault.command("quotes", "check", "M.md").out == "no links to places in PDFs\n"


def test_the_other_pdf_js_can_be_asked(vault: Home) -> None:
    assert verdicts(check(vault, "--profile", "5.5")) == ["exact"]
    wrong = check(vault, "--profile", "4.2")
    assert wrong.code == 2 and "5.5" in wrong.json["error"]


# --- check and status of the vault, and the property -----------------------------------------


def test_untrue_quotes_are_problems_of_the_note(vault: Home) -> None:
    assert vault.check().problems() == []
    vault.edit("N.md", "#page=1", "#page=2")
    (problem,) = vault.check().problems()
    assert problem.startswith("N.md:5: error: quote other-page: ")
    assert problem.endswith("by `quotes repair`")
    assert vault.check().code == 1


def test_the_remedy_of_an_untrue_quote_is_its_hint(vault: Home) -> None:
    vault.write("broken.pdf", b"")
    vault.edit("N.md", "#page=1", "#page=2")
    vault.write("M.md", quoted("[[broken.pdf#page=1]]", "some words"))
    vault.write("L.md", quoted("[[paper.pdf#page=1]]", "It says quite another thing."))
    faults = [problem for note in vault.check().json["notes"] for problem in note["problems"]]
    assert {problem["what"]: problem["hint"] for problem in faults} == {
        "quote other-page: the quote stands on page 1, not on page 2": (
            "correct the link by `quotes repair`"
        ),
        "quote unreadable: the file is empty": "put the PDF in its place",
        "quote not-found: “It says quite another thing.” stands nowhere in the PDF": (
            "quote it anew, or link the PDF it is from"
        ),
    }
    messages = [link["message"] for link in check(vault).json["links"]]
    assert sorted(messages) == sorted(
        f"{what.partition(': ')[2]}: {hint}"
        for what, hint in ((fault["what"], fault["hint"]) for fault in faults)
    )
    said = vault.command("quotes", "check", "N.md").out
    assert "not on page 2 — correct the link by `quotes repair`" in said


def test_a_page_reference_and_a_dead_link_are_told_once(vault: Home) -> None:
    vault.write(
        "M.md", "See [[paper.pdf#page=2]].\n\n" + quoted("[[gone.pdf#page=1]]", "some words")
    )
    (problem,) = vault.check().problems()
    assert problem.startswith("M.md:5: warning: the link to `gone.pdf` leads nowhere")


def test_status_counts_true_quotes(vault: Home) -> None:
    vault.edit("N.md", "# N\n\n", "# N\n\n" + fence("run", "a", "1"))
    vault.write("N.md", vault.read("N.md") + quoted("[[paper.pdf#page=2]]", "It says nothing."))
    (note,) = vault.command("status", ".", "--json").json["notes"]
    assert note["quotes"] == {"true": 1, "all": 2}
    assert "1/2" in vault.command("status", ".").out


def test_run_fills_the_property_where_the_note_has_it(vault: Home) -> None:
    body = vault.read("N.md")
    vault.write("N.md", "---\nrunner_quotes: 0/0 # so far\n---\n" + body)
    vault.write("M.md", body)
    assert vault.run().code == 0
    assert vault.read("N.md") == "---\nrunner_quotes: 1/1 # so far\n---\n" + body
    assert vault.read("M.md") == body
    vault.edit("N.md", "has a place", "has no place")
    assert vault.run().code == 0, "run does not verify quotes"
    assert "runner_quotes: 0/1 # so far\n" in vault.read("N.md")


def test_what_a_paper_said_stays_while_it_is_away(vault: Home) -> None:
    vault.write("N.md", "---\nrunner_quotes: 0/0\n---\n" + vault.read("N.md"))
    vault.run()
    (vault.vault / "paper.pdf").unlink()
    vault.run()
    assert "runner_quotes: 1/1\n" in vault.read("N.md")
    vault.write("N.md", vault.read("N.md") + quoted("[[paper.pdf#page=2]]", "It says nothing."))
    vault.run()
    assert "runner_quotes: 0/2\n" in vault.read("N.md")


def test_check_writes_nothing(vault: Home) -> None:
    vault.write("N.md", "---\nrunner_quotes: 9/9\n---\n" + vault.read("N.md"))
    before = vault.files()
    vault.check()
    check(vault)
    vault.command("quotes", "repair", ".")
    assert before.changed(vault.files()) == set()


def test_a_warm_check_starts_no_child_and_imports_no_reader(vault: Home, tmp_path: Path) -> None:
    check(vault)
    vault.check()
    program = tmp_path / "told.py"
    program.write_text(
        "import subprocess, sys\n"
        "subprocess.Popen = None\n"
        "sys.argv = ['runner', *sys.argv[1:]]\n"
        "from runner.cli import main\n"
        "try:\n    main()\n"
        "finally:\n    print(*sorted(sys.modules), file=sys.stderr)\n",
        encoding="utf-8",
    )
    for command in (["check", "."], ["quotes", "check", "."]):
        done = subprocess.run(
            [sys.executable, str(program), *command],
            cwd=vault.vault,
            env={**vault.env, "PYTHONPATH": str(Path(__file__).parents[1])},
            capture_output=True,
            encoding="utf-8",
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        heavy = {"pdfminer", "pypdfium2", "PIL", "rapidfuzz", "torch"}
        assert heavy.isdisjoint(done.stderr.split())


# --- repair -----------------------------------------------------------------------------------


def test_a_new_edition_gets_new_digits_and_nothing_else(vault: Home) -> None:
    before = "\ufeff" + (vault.read("N.md") + "no last newline").replace("\n", "\r\n")
    vault.write("N.md", before)
    vault.write("paper.pdf", EDITION)
    dry = vault.command("quotes", "repair", ".")
    assert dry.code == 1 and "1 link to be written with --write, 0 left in error" in dry.out
    assert sum(line.startswith(("+[[", "-[[")) for line in dry.out.splitlines()) == 2
    assert vault.read("N.md") == before
    done = vault.command("quotes", "repair", ".", "--write", "--json")
    (change,) = done.json["changes"]
    assert (done.code, done.json["changed"]) == (0, ["N.md"])
    assert (change["from"]["page"], change["to"]["page"]) == (1, 2)
    digits = [",".join(map(str, change[way]["selection"])) for way in ("from", "to")]
    expected = before.replace("#page=1", "#page=2").replace(digits[0], digits[1])
    assert vault.read("N.md") == expected
    assert verdicts(check(vault)) == ["exact"]
    assert vault.command("undo", "N.md").code == 0
    assert vault.read("N.md") == before


def test_what_cannot_be_repaired_is_left_and_said(vault: Home) -> None:
    vault.edit("N.md", "has a place", "has two places")
    before = vault.files()
    ran = vault.command("quotes", "repair", ".", "--write")
    assert ran.code == 1
    assert "left N.md:5: edited: " in ran.out and "1 left in error" in ran.out
    assert before.changed(vault.files()) == set()


def test_repair_twice_is_repair_once(vault: Home) -> None:
    vault.write("paper.pdf", EDITION)
    vault.command("quotes", "repair", ".", "--write")
    once = vault.files()
    again = vault.command("quotes", "repair", ".", "--write", "--json")
    assert (again.code, again.json["changed"]) == (0, [])
    assert once.changed(vault.files()) == set()


def test_an_untrusted_vaults_settings_are_not_read(vault: Home) -> None:
    vault.write(".runner.toml", "exclude = ['N.md']\n")
    assert verdicts(check(vault)) == ["exact"]
    assert vault.command("trust", ".").code == 0
    assert verdicts(check(vault)) == []


def test_a_note_that_changes_meanwhile_keeps_what_was_typed(vault: Home) -> None:
    from runner.pages import Papers
    from runner.quoted import Checker
    from runner.repairs import Repairer
    from runner.vault import Vault

    vault.write("paper.pdf", EDITION)
    opened, papers = Vault(vault.vault), Papers()
    note = opened.citing("N.md")
    assert note is not None
    vault.write("N.md", "typed meanwhile\n\n" + note.text)
    repairer = Repairer(opened, Checker(opened, lambda: papers))
    done = repairer.repair(note, write=True)
    papers.close()
    text = vault.read("N.md")
    assert done.changed and text.startswith("typed meanwhile\n\n# N\n") and "#page=2" in text
    assert verdicts(check(vault)) == ["exact"]


# --- link -------------------------------------------------------------------------------------


def test_a_link_is_made_in_every_form(vault: Home) -> None:
    told = vault.command("quotes", "link", "paper.pdf", "all is well", "--json").json
    digits = ",".join(map(str, told["found"]["selection"]))
    assert told["found"]["page"] == 2 and told["text"] == "all is well"
    assert told["link"] == f"[[paper.pdf#page=2&selection={digits}|paper, page 2]]"
    assert told["quote"].startswith("> all is well\n\n[[paper.pdf#page=2&selection=")
    assert told["callout"].startswith("> [!PDF|yellow] [[paper.pdf#page=2&selection=")
    said = vault.command("quotes", "link", "paper.pdf", "all is well").out
    assert told["link"] in said.splitlines() and "> > all is well" in said.splitlines()
    vault.write("M.md", told["quote"])
    assert verdicts(vault.command("quotes", "check", "M.md", "--json")) == ["exact"]


def test_a_paper_of_a_common_name_is_linked_by_its_path(vault: Home) -> None:
    vault.write(".obsidian/app.json", "{}")
    vault.write("more/paper.pdf", EDITION)
    told = vault.command("quotes", "link", "more/paper.pdf", "with a preface", "--json").json
    assert told["link"].startswith("[[more/paper.pdf#page=1&")


def test_words_that_stand_twice_are_a_question(vault: Home) -> None:
    ran = vault.command("quotes", "link", "paper.pdf", "page says", "--json")
    assert (ran.code, ran.json["found"]["page"]) == (0, 2)
    vault.write("twice.pdf", pdf(lines("the same words here"), lines("the same words there")))
    many = vault.command("quotes", "link", "twice.pdf", "the same words")
    assert many.code == 1
    assert many.out.splitlines()[0].endswith("2 times: quote more of them, or add --page")
    assert [line.split(":")[0] for line in many.out.splitlines()[1:]] == ["  page 1", "  page 2"]
    places = vault.command("quotes", "link", "twice.pdf", "the same words", "--json")
    assert [place["found"]["page"] for place in places.json["places"]] == [1, 2]
    one = vault.command("quotes", "link", "twice.pdf", "the same words", "--page", "2", "--json")
    assert (one.code, one.json["found"]["page"]) == (0, 2)


REFUSED: dict[str, tuple[list[str], int, str]] = {
    "words": (["link", "paper.pdf", "nothing of the kind"], 1, "does not have these words: copy"),
    "page": (["link", "paper.pdf", "all is well", "--page", "7"], 1, "has no page 7, only 2"),
    "no file": (["link", "gone.pdf", "words"], 2, "gone.pdf does not exist"),
    "folder": (["link", ".", "words"], 2, "is a folder: name a PDF"),
    "note": (["link", "N.md", "words"], 1, "the file is no PDF"),
    "shot of nothing": (["shot", "N.md#^none"], 1, "does not have a quote `none`"),
    "shot of no line": (["shot", "N.md:99"], 1, "does not have a quote at line 99"),
    "shot of a pdf": (["shot", "paper.pdf"], 2, "is a PDF: add the words to picture"),
    "shot with text": (["shot", "N.md", "words"], 2, "go with a PDF"),
    "fetch nothing": (["fetch", "N.md"], 2, "has no properties `arxiv` and `pdf`"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_nonsense_is_refused_in_a_sentence(vault: Home, name: str) -> None:
    arguments, code, words = REFUSED[name]
    ran = vault.command("quotes", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert words in ran.err and "Traceback" not in ran.err
    told = vault.command("quotes", *arguments, "--json")
    assert told.code == code and words in told.json["error"]
