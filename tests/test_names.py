"""What the analysis of a block's Python sees: tables of sources and the facts in them."""

from __future__ import annotations

import ast
import builtins

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.names import Facts, facts

BINDS = {
    "x = 1": "x",
    "x = y = 1": "x y",
    "x, (y, *z) = f()": "x y z",
    "x: int = 1": "x",
    "x: int": "",
    "x += 1": "x",
    "import a.b": "a",
    "import a.b as c": "c",
    "from a import b, c as d": "b d",
    "def f(x): y = 1": "f",
    "async def f(): pass": "f",
    "class A:\n    x = 1": "A",
    "with open() as f: x = 1": "f x",
    "(x := 1)": "x",
    "[x for x in y]": "",
    "[(y := x) for x in z]": "y",
    "lambda x: x": "",
    "def f():\n    global g\n    g = 1": "f",
    "x.a = 1": "",
    "x[0] = 1": "",
}

MAY_BIND = {
    "if a:\n    x = 1": "x",
    "if a:\n    x = 1\nelse:\n    x = 2": "x",
    "for i in a:\n    x = i": "i x",
    "while a:\n    x = 1": "x",
    "try:\n    import a\nexcept ImportError as e:\n    a = None": "a e",
    "match a:\n    case [x, *y]:\n        z = 1\n    case {'k': w, **rest}:\n        pass": "x y z w rest",
    "def f():\n    global g\n    g = 1": "g",
    "del x": "x",
}

READS = {
    "x": "x",
    "x = y": "y",
    "x = 1; y = x": "",
    "x += 1": "x",
    "f'{x} {y!r:>{w}}'": "x y w",
    "def f(a=x) -> y: return z": "x y",
    "def f(a: x): pass": "x",
    "@d\ndef f(): pass": "d",
    "class A(b):\n    x = y": "b y",
    "class A:\n    y = 1\n    x = y": "",
    "[a for a in b if c]": "b c",
    "x.a.b": "x",
    "x[y]": "x y",
    "print(x)": "print x",
    "if a:\n    x = 1\nprint(x)": "a print x",
    "del x": "x",
    "x.a = y": "x y",
    "for i in a:\n    i": "a",
    "for i in a:\n    pass\ni": "a i",  # the loop may not have run
    "if a:\n    x = 1\n    x": "a",
    "if a:\n    x = 1\nelse:\n    x": "a x",
    "try:\n    x = 1\nexcept b:\n    x": "b x",
    "while a:\n    x = 1\nx": "a x",
    "lambda: x": "",
    "global x\nx": "x",
}

LATE = {
    "def f(): return x": "x",
    "def f(x): return x": "",
    "def f():\n    x = 1\n    return x": "",
    "def f():\n    def g(): return x": "x",
    "lambda y: x + y": "x",
    "class A:\n    def m(self): return x": "x",
    "class A:\n    x = 1\n    def m(self): return x": "x",
    "def f(): return [x for x in y]": "y",
}


def words(text: str) -> set[str]:
    return set(text.split())


@pytest.mark.parametrize(("source", "names"), BINDS.items())
def test_names_that_are_bound(source: str, names: str) -> None:
    assert facts(source).binds == words(names)


@pytest.mark.parametrize(("source", "names"), MAY_BIND.items())
def test_names_that_may_be_bound(source: str, names: str) -> None:
    assert facts(source).may_bind == words(names)


@pytest.mark.parametrize(("source", "names"), READS.items())
def test_names_that_are_read(source: str, names: str) -> None:
    assert facts(source).reads - {"<state>"} == words(names)


@pytest.mark.parametrize(("source", "names"), LATE.items())
def test_names_that_are_read_when_called(source: str, names: str) -> None:
    assert facts(source).late == words(names)


TOUCHES = {
    "x.append(1)": "x",
    "x[0] = 1": "x",
    "x.a = 1": "x",
    "x += [1]": "x",
    "del x[0]": "x",
    "f(x)": "f x",
    "print(x)": "",
    "x.shape": "",
    "x.a.b.c()": "x",
    "sorted(x)": "",
    "[i.step() for i in x]": "x",
    "for i in x:\n    i.step()": "i",
}


@pytest.mark.parametrize(("source", "names"), TOUCHES.items())
def test_names_that_may_be_changed(source: str, names: str) -> None:
    found = facts(source)
    linked = set().union(*found.links) if found.links else set()
    assert words(names) <= found.touches | (linked if found.touches else set())
    if not names:
        assert found.touches == frozenset()


KINDS = {
    "x = 1": "const",
    "x = -1.5": "const",
    "x = ('a', 2)": "const",
    "x = 2 * 3": "const",
    "x = []": "plain",
    "x = f()": "data",
    "x = 1; x = []": "data",
    "def x(): pass": "def",
    "class x: pass": "class",
    "class x:\n    cache = []": "data",
    "import x": "import",
    "from a import x": "import",
}


@pytest.mark.parametrize(("source", "kind"), KINDS.items())
def test_kinds(source: str, kind: str) -> None:
    assert dict(facts(source).kinds)["x"] == kind


@pytest.mark.parametrize(
    "source",
    [
        "exec('x = 1')",
        "eval(y)",
        "globals()['x'] = 1",
        "locals()",
        "vars()",
        "__import__('a')",
        "from a import *",
        "import sys\nsys._getframe()",
    ],
)
def test_what_cannot_be_seen(source: str) -> None:
    assert facts(source).dynamic


@pytest.mark.parametrize(
    "source", ["re.compile('x')", "x.eval()", "model.exec()", "f(globals=1)", "compiled = 1"]
)
def test_what_only_looks_dynamic(source: str) -> None:
    assert not facts(source).dynamic


@pytest.mark.parametrize(
    "source",
    [
        "import torch\ntorch.set_default_dtype(1)",
        "import torch\ntorch.manual_seed = 1",
        "import os\nos.environ['A'] = '1'",
        "import os\nos.environ.update(A='1')",
        "import os\nos.chdir('x')",
        "import sys\nsys.path.append('x')",
        "import matplotlib.pyplot as plt\nplt.rcParams['a'] = 1",
        "import warnings\nwarnings.filterwarnings('ignore')",
        "import logging\nlogging.basicConfig()",
    ],
)
def test_switches(source: str) -> None:
    assert facts(source).switch


def test_a_switch_in_a_function_waits_for_its_call() -> None:
    found = facts("import os\ndef f():\n    os.chdir('x')")
    assert (found.switch, bool(found.late_switch)) == (None, True)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("device", True),
        ("x = torch.zeros(3, device=device)", True),
        ("def f(): return device", True),
        ("def test_x(device): pass", True),
        ("f(device=1)", False),
        ("x.device", False),
        ("device = 1\ndevice", False),
        ("'device'", False),
    ],
)
def test_blocks_that_name_the_device(source: str, expected: bool) -> None:
    assert facts(source).names_device is expected


def test_imports_have_their_lines() -> None:
    found = facts("import a\nif x:\n    from vault.b import c as d\n\ndef f():\n    import e")
    imports = {(i.module, i.name, i.alias, i.line) for i in found.imports}
    assert imports == {("a", "", "a", 1), ("vault.b", "c", "d", 3), ("e", "", "e", 6)}


@pytest.mark.parametrize(
    "source", ["x = = 1\ny = 2", "def f(:\n    pass", "x = (1", "\0", "if 1:\nx", "'''"]
)
def test_code_that_does_not_parse(source: str) -> None:
    found = facts(source)
    assert found.broken
    assert not found.dynamic and not found.reads


def test_the_names_of_broken_code_are_guessed() -> None:
    found = facts("x = = 1\ndef f(): pass\nfrom a import b, c\nimport d as e")
    assert words("x f b c e") <= found.may_bind


def test_deep_code_does_not_overflow() -> None:
    for source in ("(" * 500 + ")" * 500, "x" + ".a" * 5000, "-" * 5000 + "1", "[" * 300):
        assert isinstance(facts(source), Facts)
    long = "x = " + "+".join(["1"] * 20_000)
    assert isinstance(facts(long), Facts)


# --- laws ------------------------------------------------------------------------------------

LINES = st.lists(
    st.sampled_from(
        [
            "x = 1",
            "y = x",
            "z = [y]",
            "z.append(x)",
            "def f(a): return a + y",
            "w = f(x)",
            "if x: z = 2",
            "for i in z: y = i",
            "import math as m",
            "print(w, m)",
            "w += 1",
            "del z",
        ]
    ),
    max_size=7,
)


@given(LINES)
@settings(max_examples=200, deadline=None)
def test_every_name_that_is_loaded_is_accounted_for(lines: list[str]) -> None:
    """A name that Python reads is bound before by the block itself, or it is in the facts."""
    source = "\n".join(lines)
    found = facts(source)
    loaded = {
        node.id
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    known = found.reads | found.late | found.binds | found.may_bind | {"a"}
    assert loaded <= known | set(dir(builtins))


@given(LINES)
@settings(max_examples=200, deadline=None)
def test_executing_binds_what_the_facts_say(lines: list[str]) -> None:
    """Run for real, a block leaves every name it binds, and no name it does not mention."""
    source = "\n".join(line for line in lines if not line.startswith(("print", "del")))
    found = facts(source)
    outside: dict[str, object] = {"x": 1, "y": 2, "z": [3], "w": 4, "i": 5, "f": int, "m": 6}
    namespace = dict(outside)
    try:
        exec(source, namespace)
    except (TypeError, AttributeError):
        return
    new = {k for k, v in namespace.items() if k != "__builtins__" and outside.get(k) is not v}
    changed = {k for k in new if k not in ("z",)}
    assert changed <= found.binds | found.may_bind
    assert found.binds <= set(namespace)


@given(st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_has_facts(source: str) -> None:
    assert isinstance(facts(source), Facts)
