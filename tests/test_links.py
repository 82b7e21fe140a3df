"""The grammar of links, their resolution in Obsidian's order, and the attachment folder."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.links import Resolver, attachment_folder, find_links, has_subpath
from runner.note import Link
from runner.parse import parse


def links(text: str) -> tuple[Link, ...]:
    return find_links(parse("folder/n.md", text))


def kinds(link: Link) -> str:
    return ("embed " if link.embed else "") + ("wiki" if link.wiki else "markdown")


# text -> (kind, target, subpath, alias) of each link
GRAMMAR: list[tuple[str, list[tuple[str, str, str, str | None]]]] = [
    ("[[Note]]", [("wiki", "Note", "", None)]),
    ("[[Note.md]]", [("wiki", "Note.md", "", None)]),
    ("[[Folder/Note]]", [("wiki", "Folder/Note", "", None)]),
    ("[[Note#H1#H2]]", [("wiki", "Note", "H1#H2", None)]),
    ("[[Note#^id]]", [("wiki", "Note", "^id", None)]),
    ("[[#Heading]]", [("wiki", "", "Heading", None)]),
    ("[[Note#H|alias]]", [("wiki", "Note", "H", "alias")]),
    ("[[Note|a | b]]", [("wiki", "Note", "", "a | b")]),
    ("![[img.png|300]]", [("embed wiki", "img.png", "", "300")]),
    ("![[img.png|640x480]]", [("embed wiki", "img.png", "", "640x480")]),
    ("![[Doc.pdf#page=3]]", [("embed wiki", "Doc.pdf", "page=3", None)]),
    ("![[x.base#View]]", [("embed wiki", "x.base", "View", None)]),
    ("![250](a.png)", [("embed markdown", "a.png", "", "250")]),
    ("![alt|100x145](a%20b.png)", [("embed markdown", "a b.png", "", "alt|100x145")]),
    ("[words](Folder/Note.md#H)", [("markdown", "Folder/Note.md", "H", "words")]),
    ("[words](<a b.md>)", [("markdown", "a b.md", "", "words")]),
    ('[words](a.md "title")', [("markdown", "a.md", "", "words")]),
    ("[words](a_(b).md)", [("markdown", "a_(b).md", "", "words")]),
    (r"[words](a\_b.md)", [("markdown", "a_b.md", "", "words")]),
    ("[words](#Heading)", [("markdown", "", "Heading", "words")]),
    ("[a [b] c](d.md)", [("markdown", "d.md", "", "a [b] c")]),
    ("[two\nlines](d.md)", [("markdown", "d.md", "", "two\nlines")]),
    (
        "[![alt](a.png)](b.md)",
        [("markdown", "b.md", "", "![alt](a.png)"), ("embed markdown", "a.png", "", "alt")],
    ),
    ("[a](a.md) [[b]]", [("markdown", "a.md", "", "a"), ("wiki", "b", "", None)]),
    ("| [[a\\|b]] | c |", [("wiki", "a", "", "b")]),
    ("| ![[a.png\\|300]] | c |", [("embed wiki", "a.png", "", "300")]),
    ("[[Sq]uare]]", [("wiki", "Sq]uare", "", None)]),
    ("[[a [[b]] c]]", [("wiki", "b", "", None)]),
    ("[[[a]]]", [("wiki", "a", "", None)]),
    ("[words]([[a.pdf#page=1]])", [("wiki", "a.pdf", "page=1", None)]),
    ("[[a]](b.md)", [("wiki", "a", "", None)]),
    ("[[論文/図 🙂|図]]", [("wiki", "論文/図 🙂", "", "図")]),
    ("%% [[a]] %%", [("wiki", "a", "", None)]),
    ('---\nup: "[[a]]"\n---\n', [("wiki", "a", "", None)]),
    ("> [!note] [[a]]\n> - [[b]]", [("wiki", "a", "", None), ("wiki", "b", "", None)]),
    ("`[[a]]` [[b]]", [("wiki", "b", "", None)]),
    ("a ` b [[a]]\n\nc ` d", [("wiki", "a", "", None)]),
    ("- a ` b\n- [[a]] `", [("wiki", "a", "", None)]),
    ("``[a](b.md) ` ``", []),
    ("```\n[[a]]\n```\n", []),
    ("    [[a]]\n", []),
    ("[[a\nb]]", []),
    ("[[]] [[ ]] [[|x]] [[#]]", []),
    (r"\[[a]] \[a](b.md)", []),
    ("[a](https://x.org/a.pdf) [b](mailto:x@y.z) [c](obsidian://open)", []),
    ("[a](zotero://select/items/1) ![b](//host/c.png) <https://x.org>", []),
    ("[a]() [ ] [x] [a] (b.md)", []),
    ("[a](a b.md)", []),
]


@pytest.mark.parametrize(("text", "expected"), GRAMMAR)
def test_grammar(text: str, expected: list[tuple[str, str, str, str | None]]) -> None:
    found = [(kinds(link), link.target, link.subpath, link.alias) for link in links(text)]
    assert found == expected


@pytest.mark.parametrize("before", ["", "\ufeff", "line\r\n", "line\n\n> "])
@pytest.mark.parametrize(
    ("text", "page", "selection"),
    [
        ("[[a.pdf#page=1&selection=62,14,65,25]]", "1", "62,14,65,25"),
        ("[[a.pdf#page=12&selection=62,14,65,25&color=yellow|a, p.12]]", "12", "62,14,65,25"),
        ("[[a.pdf#color=red&page=2]]", "2", None),
        ("[[a.pdf#page=16 |D.3]]", "16", None),
        ("[[A.PDF#page=3&rect=1,2,3,4&width=500]]", "3", None),
        ("[[a.pdf#page=2&annotation=625R]]", "2", None),
        ("[[a.pdf#page=2&offset=,465,]]", "2", None),
        ("[[a.pdf#search=page=]]", None, None),
        ("[[a.pdf#height=400]]", None, None),
        ("[[a.pdf#page=x&selection=1,2,3]]", None, None),
        ("[[a.pdf#mypage=4]]", None, None),
        ("[[a.pdf\\|b]]", None, None),
        ("[a, page 1](x%20y/a.pdf#page=1&selection=1,2,3,4)", "1", "1,2,3,4"),
        ("[a](<x y/a.pdf#page=7>)", "7", None),
        ("[[note#page=3]]", None, None),
    ],
)
def test_pdf_places(before: str, text: str, page: str | None, selection: str | None) -> None:
    whole = f"{before}{text} after\n"
    (link,) = links(whole)
    assert link.span.of(whole) == text
    assert link.line == before.count("\n") + 1
    assert (link.page_span.of(whole) if link.page_span else None) == page
    assert (link.selection_span.of(whole) if link.selection_span else None) == selection
    assert link.page == (int(page) if page else None)
    assert link.selection == (tuple(map(int, selection.split(","))) if selection else None)


FILES = [
    "Note.md", "readme.md", "a/Note.md", "a/b/Deep.md", "a/readme.md", "bb/readme.md",
    "zzz/Other.md", "yy/Other.md", "x1/Tie.md", "x2/Tie.md", "Papers/vit.pdf", "v1.2.md",
    "a/pic.png", "pic.png",
    "Größe.md", "a/Größe 2.md", "Folder/Sub/Note.md", "deep/Folder/Sub/Note.md",
]  # fmt: skip


@pytest.mark.parametrize(
    ("target", "source", "found"),
    [
        ("Note", "a/x.md", "Note.md"),  # the root's beats the own folder's
        ("Note.md", "x.md", "Note.md"),
        ("note", "x.md", "Note.md"),
        ("a/Note", "zzz/x.md", "a/Note.md"),
        ("/a/Note", "zzz/x.md", "a/Note.md"),
        ("Deep", "x.md", "a/b/Deep.md"),
        ("b/Deep", "x.md", "a/b/Deep.md"),
        ("eep", "x.md", None),
        ("Other", "zzz/x.md", "zzz/Other.md"),  # the own folder
        ("Other", "zzz/sub/x.md", "yy/Other.md"),  # an ancestor counts for nothing
        ("Other", "x.md", "yy/Other.md"),  # the shortest path
        ("readme", "bb/x.md", "readme.md"),
        ("Tie", "x2/n.md", "x2/Tie.md"),
        ("Tie", "n.md", "x1/Tie.md"),
        ("vit.pdf", "x.md", "Papers/vit.pdf"),
        ("vit", "x.md", None),  # only notes go without their ending
        ("VIT.PDF", "x.md", "Papers/vit.pdf"),
        ("v1.2", "x.md", "v1.2.md"),
        ("pic.png", "a/x.md", "pic.png"),
        ("./pic.png", "a/x.md", "a/pic.png"),
        ("../Note", "a/b/x.md", "a/Note.md"),
        ("../../Note", "a/b/x.md", "Note.md"),
        ("../../../Note", "a/b/x.md", None),
        ("Sub/Note", "x.md", "Folder/Sub/Note.md"),
        ("Gro\u0308\u00dfe", "x.md", "Größe.md"),  # as a Mac writes it
        ("Größe\u00a02", "x.md", "a/Größe 2.md"),
        ("", "a/x.md", "a/x.md"),
        ("missing", "x.md", None),
    ],
)
def test_resolves_in_obsidians_order(target: str, source: str, found: str | None) -> None:
    assert Resolver(FILES).resolve(target, source) == found


def test_the_exact_case_wins_where_two_files_differ_in_it() -> None:
    resolver = Resolver(["note.md", "Note.md"])
    assert [resolver.resolve(name, "x.md") for name in ("note", "Note")] == ["note.md", "Note.md"]


names = st.text(alphabet="ab.", min_size=1, max_size=3).filter(lambda name: name.strip("."))
paths = st.lists(names, min_size=1, max_size=3).map(lambda parts: "/".join(parts) + ".md")


@given(st.lists(paths, max_size=8), paths, paths)
def test_the_order_of_the_files_does_not_matter(files: list[str], target: str, source: str) -> None:
    found = Resolver(files).resolve(target, source)
    assert found == Resolver(reversed(files)).resolve(target, source)
    if found is None:
        assert target not in files
        assert not any(path.endswith("/" + target) for path in files)
    else:
        assert found in files


@pytest.mark.parametrize(
    ("subpath", "there"),
    [
        ("One", True),
        ("one", True),
        ("One#Two", True),
        ("Two", True),
        ("Two#One", False),
        ("A: b | c", True),
        ("A b c", True),
        ("A%20b%20c", True),
        ("Three", False),
        ("^q-one", True),
        ("^q", False),
        ("^in-code", False),
        ("^alone", True),
    ],
)
def test_has_subpath(subpath: str, there: bool) -> None:
    text = "# One\n## Two\n# A: b | c\nwords ^q-one\n\n> quote\n\n^alone\n\n"
    text += "```\n# Three\nx ^in-code\n```\n"
    assert has_subpath(parse("n.md", text), subpath) is there


@pytest.mark.parametrize(
    ("setting", "note", "folder"),
    [
        ("/", "a/n.md", ""),
        ("", "a/n.md", ""),
        ("Attachments", "a/n.md", "Attachments"),
        ("Files/Bilder 🙂/", "a/n.md", "Files/Bilder 🙂"),
        ("./", "a/b/n.md", "a/b"),
        ("./", "n.md", ""),
        (".", "a/n.md", "a"),
        ("./assets", "a/n.md", "a/assets"),
        ("./assets/x", "n.md", "assets/x"),
    ],
)
def test_attachment_folder(setting: str, note: str, folder: str) -> None:
    assert attachment_folder(setting, note) == folder


@pytest.mark.parametrize(
    ("setting", "fault"),
    [
        ("..", "leads outside the vault"),
        ("../x", "leads outside the vault"),
        ("a/../../x", "leads outside the vault"),
        ("./../x", "leads outside the vault"),
        ("/etc", "is no path inside the vault"),
        ("//host/share", "is no path inside the vault"),
        ("C:/x", "is no path inside the vault"),
        ("c:x", "is no path inside the vault"),
        ("a\\b", "is no path inside the vault"),
        ("a\nb", "is no path that a folder can have on every system"),
        ("\x1b[31m", "is no path that a folder can have on every system"),
        ("Att:stream", "is no path that a folder can have on every system"),
        ("a<b", "is no path that a folder can have on every system"),
        ("con", "is no path that a folder can have on every system"),
        ("a/Aux.d/b", "is no path that a folder can have on every system"),
        ("./com1", "is no path that a folder can have on every system"),
        ("trail. ", "is no path that a folder can have on every system"),
        ("a./b", "is no path that a folder can have on every system"),
        ("  ", "is no path that a folder can have on every system"),
        (".obsidian", "is a dot-folder, which Obsidian does not show"),
        ("a/.git/x", "is a dot-folder, which Obsidian does not show"),
        ("./.x", "is a dot-folder, which Obsidian does not show"),
    ],
)
def test_an_attachment_folder_stays_in_the_vault(setting: str, fault: str) -> None:
    with pytest.raises(ValueError, match="attachment folder") as caught:
        attachment_folder(setting, "a/n.md")
    assert str(caught.value) == f"the attachment folder `{setting}` of .obsidian/app.json {fault}"
