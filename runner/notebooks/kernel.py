"""What an exported notebook needs in its kernel to run a note's blocks as ``runner`` runs them.

A standalone notebook holds the text of ``NoteMagics`` in its first cell, so the class imports what
it uses where it uses it: its only name among those of the note is its own.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


class NoteMagics:
    """Lets a note's cells run as `runner` runs its blocks.

    %%test ID        runs the cell's pytest tests; what they define stays in the cell
    %%module NOTE ID runs the cell in the module `vault.NOTE`, which other cells import from

    Python, numpy and torch are seeded before each cell, as `runner` seeds the block; ``cells`` are
    those of other kinds that may draw: the block, and the digest by which its cell is known.
    """

    def __init__(
        self,
        note_seed: int = 0,
        device: "Any" = None,
        slow: bool = False,
        cells: "dict[str, str] | None" = None,
    ) -> None:
        import os

        from IPython import get_ipython

        self.note_seed, self.device, self.slow, self.cells = note_seed, device, slow, cells or {}
        self.shell: Any = get_ipython()
        self.shell.events.register("pre_run_cell", self.seed_cell)
        self.shell.register_magic_function(self.test, "cell", "test")
        self.shell.register_magic_function(self.module, "cell", "module")
        os.environ.setdefault("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def seed_cell(self, info: "Any") -> None:
        """A cell that was edited is known by its id, where the program that runs it tells it."""
        import hashlib

        source = (info.raw_cell or "").strip().encode(errors="replace")
        digest = hashlib.blake2b(source, digest_size=4).hexdigest()
        for line, known in self.cells.items():
            block, *options = line.split()
            if known == digest or block == getattr(info, "cell_id", None):
                self.seed(block, options)

    def seed(self, block: str, options: "list[str]") -> None:
        """By the block's id and the note's seed, or by the number in ``seed=``."""
        import hashlib
        import importlib.util
        import random
        import sys

        name = f"{self.note_seed}:{block}".encode()
        seed = int.from_bytes(hashlib.blake2b(name, digest_size=4).digest(), "big")
        seed = next((int(o.removeprefix("seed=")) for o in options if o.startswith("seed=")), seed)
        random.seed(seed)
        if importlib.util.find_spec("numpy"):
            importlib.import_module("numpy.random").seed(seed % 2**32)
        if "torch" in sys.modules:
            sys.modules["torch"].manual_seed(seed % 2**63)

    def module(self, line: str, source: str) -> None:
        import linecache
        import sys
        import types

        package = sys.modules.setdefault("vault", types.ModuleType("vault"))
        package.__path__ = []
        note, block, *options = line.split()
        module = sys.modules.setdefault(f"vault.{note}", types.ModuleType(f"vault.{note}"))
        setattr(package, note, module)
        vars(module).setdefault("device", self.device)
        file = f"<{line}>"
        linecache.cache[file] = (len(source), None, source.splitlines(True), file)
        self.seed(block, options)
        exec(compile(source, file, "exec"), vars(module))

    def test(self, line: str, source: str) -> "Any":
        block, *options = line.split()
        if "slow" in options and not self.slow:
            return self.Outcomes([(block, "skipped", "slow: NoteMagics(slow=True) runs it")])
        return self.Outcomes(self.outcomes(block, options, source))

    def outcomes(self, block: str, options: "list[str]", source: str) -> "list[Any]":
        """Name, status and message of each test."""
        import pathlib
        import tempfile

        import pytest

        magics, collector = self, self.collector(block, options, source)
        reports: dict[str, list[Any]] = {}
        broken: list[str] = []

        class Plugin:
            @pytest.fixture(scope="session")
            def device(self) -> "Any":
                return magics.device

            def pytest_configure(self, config: pytest.Config) -> None:
                config.option.tbstyle = "short"

            @pytest.hookimpl(tryfirst=True)
            def pytest_collection(self, session: pytest.Session) -> bool:
                path = pathlib.Path.cwd() / block
                cell = collector.from_parent(session, path=path, name=block, nodeid=block)
                session.items = list(session.genitems(cell))
                session.testscollected = len(session.items)
                return True

            def pytest_collectreport(self, report: pytest.CollectReport) -> None:
                if report.failed:
                    broken.append(report.longreprtext)

            @pytest.hookimpl(tryfirst=True)
            def pytest_runtest_setup(self) -> None:
                magics.seed(block, options)

            def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
                name = report.nodeid.removeprefix(f"{block}::")
                reports.setdefault(name, []).append(report)

        with tempfile.TemporaryDirectory() as folder:
            ini = pathlib.Path(folder, "pytest.ini")
            ini.write_text("[pytest]\n")
            quiet = "-p no:terminal -p no:cacheprovider -p no:faulthandler --capture=no".split()
            where = [f"--rootdir={folder}", f"--basetemp={folder}/tmp", "-c", str(ini)]
            pytest.main([folder, *quiet, *where, "--noconftest"], plugins=[Plugin()])
        if broken:
            return [(block, "error", text) for text in broken]
        return [(name, *self.outcome(phases)) for name, phases in reports.items()]

    def collector(self, block: str, options: "list[str]", source: str) -> "Any":
        """What pytest collects of a cell that sees a copy of the notebook's names.

        Statements without a test function are one test, which bears the block's id.
        """
        import ast
        import linecache
        import types

        import pytest
        from _pytest.assertion.rewrite import rewrite_asserts

        raises = next((o.removeprefix("raises=") for o in options if o.startswith("raises=")), "")
        magics, names = self, self.shell.user_ns
        inherited = {n: names[n] for n in names if n not in self.shell.user_ns_hidden}
        file = f"<test {block}>"
        linecache.cache[file] = (len(source), None, source.splitlines(True), file)
        tree = ast.parse(source, file)
        definitions = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
        has_tests = any(getattr(n, "name", "").lower().startswith("test") for n in tree.body)
        is_bare = not has_tests and not all(isinstance(n, definitions) for n in tree.body)

        class Cell(pytest.Module):
            def _getobj(self) -> types.ModuleType:
                rewrite_asserts(tree, source.encode(), file, self.config)
                self.code = compile(tree, file, "exec")
                module = types.ModuleType("test_cell")
                vars(module).update(inherited)
                magics.seed(block, options)
                if not is_bare:
                    exec(self.code, vars(module))
                return module

            def istestfunction(self, obj: object, name: str) -> bool:
                return inherited.get(name) is not obj and super().istestfunction(obj, name)

            def istestclass(self, obj: object, name: str) -> bool:
                return inherited.get(name) is not obj and super().istestclass(obj, name)

            def collect(self) -> "Any":
                found = list(super().collect())
                if not is_bare:
                    return found
                return [pytest.Function.from_parent(self, name=block, callobj=self.statements)]

            def statements(self) -> None:
                try:
                    exec(self.code, vars(self.obj))
                except BaseException as error:
                    if raises not in [kind.__name__ for kind in type(error).__mro__]:
                        raise
                else:
                    assert not raises, f"{raises} was expected, nothing was raised"

        return Cell

    @staticmethod
    def outcome(phases: "list[Any]") -> tuple[str, str]:
        """How a test ended: a phase that failed decides, else one that skipped, else its call."""
        report = max(phases, key=lambda r: (r.failed, r.skipped, r.when == "call"))
        if report.failed:
            return "failed" if report.when == "call" else "error", report.longreprtext
        if hasattr(report, "wasxfail"):
            return "xfailed" if report.skipped else "xpassed", report.wasxfail
        if report.skipped:
            return "skipped", report.longrepr[2].removeprefix("Skipped: ")
        return "passed", ""

    class Outcomes:
        """What a test cell shows: the counts, and each test that did not pass."""

        def __init__(self, tests: "list[Any]") -> None:
            self.tests = tests

        def __repr__(self) -> str:
            statuses = [status for _, status, _ in self.tests]
            order = ("failed", "error", "passed", "skipped", "xfailed", "xpassed")
            counts = [f"{statuses.count(s)} {s}" for s in order if s in statuses]
            bad = [f"{name}\n{text}" for name, status, text in self.tests if status in order[:2]]
            return "\n\n".join([", ".join(counts) or "no tests", *bad])

        def _repr_mimebundle_(self, **_: "Any") -> "dict[str, Any]":
            keys = ("name", "status", "message")
            tests = [dict(zip(keys, test, strict=True)) for test in self.tests]
            return {"text/plain": repr(self), "application/vnd.runner.tests+json": tests}
