"""Runs the project on a machine that has nothing but Python 3.11 or newer.

    python3 bootstrap.py COMMAND …    what `python -m runner COMMAND …` does
    python3 bootstrap.py test         linter, types, tests, and the vault as a test-suite

The first call makes `.venv` beside this file and installs the project in it, under the pins of
`constraints.txt`; later calls install again only after a change of these pins or of
`pyproject.toml`. A torch that is there already, in `.venv` or in the Python that runs this file,
is used as it is.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import queue
import re
import subprocess
import sys
import tempfile
import threading
import time
from importlib import metadata
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "installed"
LOG = VENV / "install.log"
EXTRAS = "vault,dev"
OLDEST_TORCH = (2, 6)  # as pyproject.toml has it

# Fast ones first. Each word is an argument of the interpreter in `.venv`, run in the project.
TESTS = {
    "linter": "-m ruff check .",
    "format": "-m ruff format --check .",
    "types": "-m mypy --strict",
    "tests": "-m pytest tests -n 2",
    "vault": "-m pytest vault --trust-vault",
    "check": "-m runner check vault",
}


def main(arguments: list[str]) -> int:
    if not arguments:
        print(__doc__)
        return 2
    if not _is_installed():
        _install()
    if arguments[0] == "test":
        return _test(arguments[1:])
    return _call([PYTHON, "-P", "-m", "runner", *arguments])


# --- set-up ------------------------------------------------------------------------------------


def _fingerprint() -> str:
    """Of all that the environment depends on; of the place too, which an editable install holds."""
    parts = [(ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt")]
    return hashlib.sha256(b"\0".join([os.fsencode(ROOT), *parts])).hexdigest()


def _is_installed() -> bool:
    if not PYTHON.exists() or not STAMP.exists():
        return False
    return STAMP.read_text(encoding="utf-8") == _fingerprint()


def _install() -> None:
    if not PYTHON.exists():
        _make_environment()
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    torch = _torch_in_environment()
    if torch:
        _say(f"torch {torch} is there already and stays")
        pins = re.sub(r"(?m)^torch==.*\n", "", pins)
    (VENV / "constraints.txt").write_text(pins, encoding="utf-8")
    if subprocess.run([str(PYTHON), "-c", "import pip"], capture_output=True).returncode != 0:
        _logged([PYTHON, "-m", "ensurepip"], "getting pip")  # uv makes environments without
    # The names are relative to ROOT: pip splits these variables at spaces, which ROOT may have.
    pinned = {"PIP_CONSTRAINT": ".venv/constraints.txt"}
    pinned["PIP_BUILD_CONSTRAINT"] = pinned["PIP_CONSTRAINT"]
    pip = "-m pip install --no-input --disable-pip-version-check --editable".split()
    _logged([PYTHON, *pip, f".[{EXTRAS}]"], "installing", pinned)
    # Matplotlib looks for the machine's fonts once; no note's first figure shall wait for that.
    _logged([PYTHON, "-c", "import matplotlib.font_manager"], "finding fonts")
    STAMP.write_text(_fingerprint(), encoding="utf-8")


def _make_environment() -> None:
    _say(f"making {VENV} with Python {sys.version.split()[0]}")
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True
    )
    if made.returncode != 0:
        hint = "on Debian and Ubuntu `sudo apt install python3-venv` provides what it needs"
        _give_up(f"cannot make {VENV}: {hint}\n{made.stdout}{made.stderr}")
    folder = _folder_of_own_torch()
    if folder:
        listing = subprocess.check_output(
            [str(PYTHON), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True
        )
        Path(listing.strip(), "torch-of-base.pth").write_text(f"{folder}\n", encoding="utf-8")


def _folder_of_own_torch() -> str:
    """The folder that this interpreter has a usable torch in, "" if none.

    Listed in a `.pth` file it is to the new environment what `--system-site-packages` is, but
    also where this interpreter is itself one of a virtual environment.
    """
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None or not _is_usable(_version_of_torch()):
        return ""
    return str(Path(spec.origin).parents[1])


def _version_of_torch() -> str:
    try:
        return metadata.version("torch")
    except metadata.PackageNotFoundError:
        return ""


def _torch_in_environment() -> str:
    """The version of a usable torch in `.venv`, "" if none."""
    code = "import importlib.metadata as m; print(m.version('torch'))"
    asked = subprocess.run([str(PYTHON), "-c", code], capture_output=True, text=True)
    version = asked.stdout.strip() if asked.returncode == 0 else ""
    return version if _is_usable(version) else ""


def _is_usable(version: str) -> bool:
    found = re.match(r"(\d+)\.(\d+)", version)
    return found is not None and (int(found[1]), int(found[2])) >= OLDEST_TORCH


def _logged(command: list[str | Path], what: str, variables: dict[str, str] | None = None) -> None:
    """Run ``command`` in ROOT, telling how far it is; end with its last words if it fails."""
    started = time.monotonic()
    process = subprocess.Popen(
        [str(word) for word in command],
        cwd=ROOT,
        env={**os.environ, **(variables or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    threading.Thread(target=_read_lines, args=(process, lines), daemon=True).start()
    said = _follow(lines, what, started)
    LOG.write_text("".join(said), encoding="utf-8")
    if process.wait() != 0:
        _say("")
        hint = f"the whole story is in {LOG}; then call this again"
        _give_up(f"{what} failed: {hint}\n{''.join(said[-15:])}")
    _say(f"{what}: done in {time.monotonic() - started:.0f} s")


def _read_lines(process: subprocess.Popen[str], lines: queue.SimpleQueue[str | None]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        lines.put(line)
    lines.put(None)


def _follow(lines: queue.SimpleQueue[str | None], what: str, started: float) -> list[str]:
    """Show the latest line: always on a terminal, each 20 seconds elsewhere."""
    said: list[str] = []
    step, due = (1.0, 0.0) if sys.stderr.isatty() else (20.0, 20.0)
    while True:
        try:
            line = lines.get(timeout=1)
        except queue.Empty:
            line = ""
        if line is None:
            return said
        if line:
            said.append(line)
        elapsed = time.monotonic() - started
        if elapsed >= due:
            due = elapsed + step
            told = (line for line in reversed(said) if not line.startswith("WARNING"))
            latest = next(told, "").strip()[:60]
            _say(f"{what} ({elapsed:.0f} s): {latest}", passing=sys.stderr.isatty())


# --- tests -------------------------------------------------------------------------------------


def _test(names: list[str]) -> int:
    """Run the steps called ``names``, or all of them, to the end; 1 if one failed."""
    unknown = [name for name in names if name not in TESTS]
    if unknown:
        _give_up(f"no step is called {' '.join(unknown)}: the steps are {' '.join(TESTS)}")
    ended = []
    with tempfile.TemporaryDirectory(prefix="runner-test-") as scratch:
        # What the user's own runs know must not decide a test, nor a test change what they know.
        variables = {name: str(Path(scratch, name)) for name in ("RUNNER_STATE", "RUNNER_CACHE")}
        for name in names or TESTS:
            started = time.monotonic()
            _say(f"--- {name}: python {TESTS[name]}")
            code = _call([PYTHON, *TESTS[name].split()], cwd=ROOT, variables=variables)
            ended.append((name, code, time.monotonic() - started))
    for name, code, seconds in ended:
        _say(f"{name:8} {'passed' if code == 0 else f'FAILED ({code})':12} {seconds:6.1f} s")
    return int(any(code for _, code, _ in ended))


# --- processes and words -----------------------------------------------------------------------


def _call(
    command: list[str | Path], cwd: Path | None = None, variables: dict[str, str] | None = None
) -> int:
    """The exit code of ``command``, which has our terminal; Ctrl-C is left to it."""
    words = [str(word) for word in command]
    process = subprocess.Popen(words, cwd=cwd, env={**os.environ, **(variables or {})})
    while True:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            continue  # it got the same one, and ends when it has put its things in order
        return code if code >= 0 else 128 - code


def _say(message: str, passing: bool = False) -> None:
    """One line of progress; a ``passing`` one gives its place to the next."""
    head = "\r\033[K" if sys.stderr.isatty() else ""
    print(f"{head}{message}", end="" if passing else "\n", file=sys.stderr, flush=True)


def _give_up(message: str) -> NoReturn:
    print(f"bootstrap: {message}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    if sys.version_info < (3, 11):  # noqa: UP036  the machine's python3 may be older than ours
        _give_up(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}")
    sys.exit(main(sys.argv[1:]))
