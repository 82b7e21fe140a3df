"""Figures and long texts: they come, stay and go with what makes them."""

from __future__ import annotations

from vaults import Home, actions, fence

PLOT = [
    "import matplotlib.pyplot as plt",
    "for n in range(COUNT):",
    "    plt.figure(figsize=(1, 1))",
    "    plt.plot([n, 1])",
    "    plt.show()",
    "print('drawn')",
]


def plotting(count: int) -> str:
    return fence("run", "plot", *PLOT).replace("COUNT", str(count))


def test_figures_follow_the_format_that_the_vault_wants(home: Home) -> None:
    plot = ("import matplotlib.pyplot as plt", "plt.plot([1, 2]);")
    home.write("N.md", fence("run", "plot", *plot) + fence("run", "plain", "1 + 1"))
    home.session()
    for wanted, other in (("svg", "png"), ("png", "svg")):
        home.write(".runner.toml", f'figures = "{wanted}"\n')
        assert actions(home.checked()) == {"plot": "run", "plain": "reuse"}
        home.session()
        assert f"n-plot-1.{wanted}" in home.files().data
        assert f"n-plot-1.{other}" not in home.files().data
        assert f"![[n-plot-1.{wanted}]]" in home.read("N.md")
        assert actions(home.session()) == {"plot": "reuse", "plain": "reuse"}


def test_figures_come_stay_and_go(home: Home) -> None:
    home.write(".obsidian/app.json", '{"attachmentFolderPath": "./figures"}')
    home.write("papers/My note.md", plotting(2))
    home.session()
    made = {f"papers/figures/my_note-plot-{n}.png" for n in (1, 2)}
    assert made <= set(home.files().data)
    text = home.read("papers/My note.md")
    assert "![[my_note-plot-1.png]]\n\n![[my_note-plot-2.png]]" in text
    before = home.files()
    home.session(force=True)
    assert home.files() == before, "the same figure gives the same bytes and is not written"
    home.edit("papers/My note.md", "range(2)", "range(1)")
    home.session()
    assert "papers/figures/my_note-plot-1.png" in home.files().data
    assert "papers/figures/my_note-plot-2.png" not in home.files().data
    home.write("Other.md", "![[my_note-plot-1.png]]\n")
    home.edit("papers/My note.md", "range(1)", "range(0)")
    home.session()
    assert "papers/figures/my_note-plot-1.png" in home.files().data, "another note shows it"
    assert "plot-1" not in home.read("papers/My note.md").split("runner:plot")[1]


def test_a_foreign_file_of_that_name_is_never_touched(home: Home) -> None:
    home.write("n-plot-1.png", b"mine")
    home.write("N.md", plotting(2))
    report = home.session()
    assert home.files().data["n-plot-1.png"] == b"mine"
    assert "n-plot-2.png" in home.files().data
    problems = [problem for note in report.notes for problem in note.errors]
    assert len(problems) == 1 and "n-plot-1.png" in problems[0].what
    assert "![[n-plot-1.png]]" not in home.read("N.md")
    home.edit("N.md", "range(2)", "range(0)")
    home.session()
    assert home.files().data["n-plot-1.png"] == b"mine"


def test_markdown_links_where_the_vault_wants_them(home: Home) -> None:
    home.write(
        ".obsidian/app.json", '{"useMarkdownLinks": true, "attachmentFolderPath": "my figures"}'
    )
    home.write("papers/N ö.md", plotting(1))
    home.session()
    assert "my figures/n_ö-plot-1.png" in home.files().data
    assert "![](../my%20figures/n_%C3%B6-plot-1.png)" in home.read("papers/N ö.md")
    before = home.files()
    home.session()
    assert home.files() == before


def test_long_text_goes_into_a_file_that_goes_with_it(home: Home) -> None:
    home.write("N.md", fence("run", "long", "for i in range(99): print(i)"))
    home.session()
    assert home.files().data["n-long.txt"].count(b"\n") >= 98
    home.edit("N.md", "range(99)", "range(3)")
    home.session()
    assert "n-long.txt" not in home.files().data
