"""Law 5 for objects that lie about themselves: they cost their own block, whatever they say."""

from __future__ import annotations

import pytest
from vaults import Home, fence

from runner.report import BlockReport

# What the block does -> its status, and what is said of it.
CASES = {
    "class E(Exception):\n    def __str__(self): return 5\nraise E": ("failed", "E: <its message cannot"),
    "class E(Exception):\n    def __str__(self): raise self\nraise E": ("failed", "E: <its message cannot"),
    "class S(str): pass\nraise ValueError(S('sub'))": ("failed", "ValueError: sub"),
    "class M(type): __name__ = 5\nclass E(Exception, metaclass=M): pass\nraise E('m')": ("failed", "5: m"),
    "raise type('a`\\n<!-- /runner -->', (Exception,), {})('m')": ("failed", "a`\n<!-- /runner -->: m"),
    "e = ValueError('m'); e.__notes__ = [5, None, 'n']; raise e": ("failed", "ValueError: m"),
    "e = ValueError('m'); e.__notes__ = 5; raise e": ("failed", "ValueError: m"),
    "e = ValueError('m'); e.__cause__ = e; raise e": ("failed", "ValueError: m"),
    "raise ExceptionGroup('g', [ExceptionGroup('h', [TypeError(5)])])": ("failed", "ExceptionGroup: g: "),
    "raise SyntaxError('m', ('f', 'a', 'b', 5))": ("failed", "SyntaxError: m"),
    "e = SyntaxError('m'); e.lineno = 'z'; e.text = 5; e.filename = 7; raise e": ("failed", "SyntaxError: m"),
    "e = SyntaxError('m'); e.msg = 5; raise e": ("failed", "SyntaxError: 5"),
    "class O:\n    def __repr__(self): 1 / 0\nimport sys\nsys.exit(O())": ("failed", "SystemExit: <its message"),
    "class O:\n    def __repr__(self): return 5\nO()": ("failed", "TypeError: __repr__ returned"),
    "class O:\n    def _repr_markdown_(self): return 5\nO();": ("ok", ""),
    "class O:\n    def _repr_mimebundle_(self, **k): return 5\ndisplay(O())": ("ok", ""),
    "class O:\n    def _repr_svg_(self): return b'<svg/>'\ndisplay(O())": ("ok", ""),
    "print('\\ud800'); import sys; sys.stdout.buffer.write(b'\\xff\\n')": ("ok", ""),
    "import warnings\nclass W(UserWarning):\n    def __str__(self): return 5\nwarnings.warn(W())": ("failed", "TypeError"),
    "import sys; sys.excepthook = sys.displayhook = 5\n1": ("ok", ""),
    "import threading; threading.excepthook = 5\nt = threading.Thread(target=lambda: 1 / 0); t.start(); t.join()": ("ok", ""),
    "display.__self__.recorder.show((5,))": ("crashed", "the block left no result that can be read"),
}  # fmt: skip


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, BlockReport]]:
    """Each case in a note of its own, with a block below that must not care."""
    with pytest.MonkeyPatch.context() as patch:
        home = Home(tmp_path_factory.mktemp("home"))
        for name in ("RUNNER_STATE", "RUNNER_CACHE"):
            patch.setenv(name, home.env[name])
        for number, code in enumerate(CASES):
            below = fence("run", "below", "print('fine')")
            home.write(f"n{number:02}.md", fence("run", "odd", *code.split("\n")) + below)
        report = home.session()
    return [{block.id: block for block in note.blocks} for note in report.notes]


@pytest.mark.parametrize("number", range(len(CASES)), ids=list(CASES))
def test_it_costs_its_own_block(reports: list[dict[str, BlockReport]], number: int) -> None:
    status, said = list(CASES.values())[number]
    found = reports[number]["odd"]
    assert found.status == status
    assert found.reason.startswith(said)
    below = reports[number]["below"]
    assert below.status == "ok" or (status == "crashed" and below.status == "skipped")
