"""What is shown of representations in Markdown, LaTeX and SVG, and what is refused; see also
``test_clean.py``."""

from __future__ import annotations

import pytest

from runner.drawing import is_drawing
from runner.harmless import markup

FORMULAS = [
    r"$\displaystyle \frac{1}{2} \left[\begin{matrix}1 & 2\\3 & 4\end{matrix}\right]$",
    r"$\leftarrow \newline \text{is } \hat{y} \operatorname{softmax} \mathbf{x}$",
    r"$|A| = \#A \approx 5\%$ and $\underbrace{a}_{b}$",
    r"$$\begin{aligned} a &= b \\ &= c \end{aligned} \tag{1}$$",
    r"$\vert \in \infty \writes \reading \inputs \defined \letters \refs \datum \styled$",
]

MORE_THAN_FORMULAS = [
    *(r"\href{javascript:alert(1)}{x}", r"\url{javascript:1}", r"\class{mod}{x}", r"\cssId{a}{x}"),
    *(
        r"\style{position:fixed}{x}",
        r"\data{x=1}{y}",
        r"\mmlToken{mi}[href='a']{x}",
        r"\bbox[red]{x}",
    ),
    *(r"\htmlClass{a}{b}", r"\htmlStyle{a}{b}", r"\htmlData{a=b}{c}", r"\includegraphics{a}"),
    *(
        r"\def\x{\x}\x",
        r"\gdef\a{b}",
        r"\let\sum\int",
        r"\global\let\a\b",
        r"\newcommand{\frac}[2]{#2}",
    ),
    *(
        r"\renewcommand\frac{x}",
        r"\providecommand{\a}{b}",
        r"\newenvironment{a}{b}{c}",
        r"\newtagform{a}",
    ),
    *(
        r"\DeclareMathOperator{\sin}{cos}",
        r"\DeclarePairedDelimiter{\a}{b}{c}",
        r"\Newextarrow{\x}{5}",
    ),
    *(r"\definecolor{red}{rgb}{0,0,0}", r"\begingroup\a", r"\begingroupReset", r"\setOptions{a}"),
    *(r"\require{html}x", r"\unicode{x2E}", r"\toggle{a}{b}\endtoggle", r"\texttip{a}{b}"),
    *(
        r"x\label{a}",
        r"\ref{a}",
        r"\eqref{a}",
        r"\verb|b|",
        r"\input{/etc/passwd}",
        r"\write18{ls}",
    ),
    *(r"\catcode`\@=11", r"\csname href\endcsname{a}{b}", r"\openin1=a", r"\special{a}"),
]


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_are_shown(text: str) -> None:
    assert markup(text) == [text]


@pytest.mark.parametrize("text", MORE_THAN_FORMULAS)
def test_tex_that_does_more_is_refused(text: str) -> None:
    assert markup(f"${text}$") is None
    assert markup(f"$$\n{text}\n$$") is None


@pytest.mark.parametrize("text", ["$1$$2$", "$$$x$$$", "$a$$$b$$", "(#tag)", "a,#tag", "{% x %}"])
def test_what_parsers_read_differently_is_refused(text: str) -> None:
    assert markup(text) is None


def svg(inside: str, attributes: str = "") -> bytes:
    spaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink"'
    return f"<svg {spaces} {attributes}>{inside}</svg>".encode()


DRAWINGS = [
    svg(""),
    svg('<defs><path id="a" d="M0 0"/></defs><use x:href="#a" style="fill: #1f77b4"/>'),
    svg('<g id="$\\\\alpha$ @" aria-label="an expression"/>'),
    svg('<image x:href="data:image/png;base64,iVBORw0KGgo="/><g clip-path="url(#p)"/>'),
    svg("<style>*{stroke-linejoin: round}</style><!-- $\\alpha$ --><text>a &lt;b&gt; onload=x</text>"),
    svg('<metadata><rdf xmlns="http://purl.org/dc/elements/1.1/" resource="http://a.b"/></metadata>'),
    b'<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://'
    b'www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">\n' + svg("<path/>"),
]  # fmt: skip

NO_DRAWINGS = [
    *(
        b"",
        b"\x89PNG",
        b"<html><script>1</script></html>",
        b"<svg><path/></svg>",
        svg("<g>"),
        b"\0",
    ),
    svg("", 'onload="alert(1)"'),
    svg("", 'ONLOAD="alert(1)"'),
    svg("<script>alert(1)</script>"),
    svg('<x:script xmlns:x="http://www.w3.org/2000/svg">alert(1)</x:script>'),
    svg('<metadata><script xmlns="http://www.w3.org/1999/xhtml">1</script></metadata>'),
    svg('<foreignObject><p xmlns="http://www.w3.org/1999/xhtml"/></foreignObject>'),
    svg('<a x:href="javascript:alert(1)"><path/></a>'),
    svg('<use x:href="http://evil/x.svg#a"/>'),
    svg('<use href="data:image/svg+xml;base64,PHN2Zz4="/>'),
    svg('<image href="http://evil/x.png"/>'),
    svg('<image href="&#104;ttp://evil/x.png"/>'),
    svg('<use id="a"/><set attributeName="href" to="javascript:alert(1)"/>'),
    svg('<animate attributeName="href" values="javascript:alert(1)"/>'),
    svg("<style>@import 'http://evil/a.css'</style>"),
    svg("<style>*{background:url(http://evil)}</style>"),
    svg("<style>*{background:u\\72l(http://evil)}</style>"),
    svg('<path style="fill:url(http://evil)"/>'),
    svg("<style>a{}<g/>@import 'http://evil/a.css'</style>"),
    svg("<style>a{}<!-- -->@import 'http://evil/a.css'</style>"),
    svg('<path fill="url( http://evil#a)"/>'),
    b'<!DOCTYPE svg [<!ENTITY a "b">]>' + svg("<text>&a;</text>"),
    b'<?xml-stylesheet href="http://evil"?>' + svg(""),
    svg("<iframe/>"),
    "<svg/>".encode("utf-16"),
    b'<?xml version="1.0" encoding="no-such"?>' + svg(""),
]


@pytest.mark.parametrize("data", DRAWINGS)
def test_a_drawing(data: bytes) -> None:
    assert is_drawing(data)


@pytest.mark.parametrize("data", NO_DRAWINGS)
def test_what_is_more_than_a_drawing(data: bytes) -> None:
    assert not is_drawing(data)


@pytest.mark.parametrize("salt", [{}, {"metadata": {"Date": None, "Creator": None}}])
def test_what_matplotlib_draws_is_a_drawing(salt: dict[str, object]) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    import io

    from matplotlib.figure import Figure

    figure = Figure()
    left, right = figure.subplots(2)
    left.imshow([[0, 1], [1, 0]])
    right.plot([1, 2], marker="o", label=r"$\alpha$ <b> \x")
    right.fill_between([0, 1], [1, 1], hatch="//")
    right.legend()
    buffer = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "a"}):
        figure.savefig(buffer, format="svg", **salt)
    assert is_drawing(buffer.getvalue())
