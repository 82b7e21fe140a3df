"""``pytest vault/``: the test blocks of trusted notes as pytest items.

The same nodes, seeds and namespaces as under ``run``. A note's setup and component blocks are
executed when it is collected, as those of a test file are; one that fails becomes a failing item of
its own, and the tests that depend on it are skipped. Run blocks are executed only for tests that
use them, when the first of these begins.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Generator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .pytest_notes import Collected, Notes

_NOTES: pytest.StashKey[Notes] = pytest.StashKey()
_REFUSED: pytest.StashKey[bool] = pytest.StashKey()
_FROM_WORKERS: pytest.StashKey[dict[str, set[str]]] = pytest.StashKey()
_REMARKS: pytest.StashKey[dict[str, None]] = pytest.StashKey()  # in their order

_HASHES = (
    "notes: sets of text have another order here than under `run`: "
    "start as `PYTHONHASHSEED=0 pytest …`"
)

# A project without notes pays for this look at its .md files, and for nothing else.
_MAYBE_OURS = re.compile(rb"(?:```|~~~)[^\r\n]*=|<!--[ \t]*/?runner")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("runner", "notes that run")
    group.addoption("--device", default="auto", help="auto, cpu, cuda[:n] or mps")
    group.addoption("--slow", action="store_true", help="run blocks marked `slow: true` too")
    group.addoption(
        "--update-notes", action="store_true", help="afterwards, write results into the notes"
    )
    group.addoption("--trust-vault", action="store_true", help="trust the vaults of this run")
    parser.addini("runner_trust", "vaults trusted below this file", type="linelist", default=[])


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, args: list[str]
) -> Generator[None, object, object]:
    """In a vault that is not trusted no conftest.py may run either."""
    if any(_may_be_in_vault(Path(word.partition("::")[0])) for word in (".", *args)):
        from .pytest_trust import refused_below

        if refused_below(early_config, args):
            early_config.known_args_namespace.noconftest = True
            early_config.stash[_REFUSED] = True
    return (yield)


def pytest_configure(config: pytest.Config) -> None:
    """Workers of pytest-xdist take the options from here."""
    config.stash[_REMARKS] = {}
    if config.option.trust_vault:
        from .pytest_trust import asked_for

        config.option.trust_vault = asked_for(config)
    if config.option.device != "auto":
        _refuse_unknown_device(config.option.device)


def _refuse_unknown_device(wanted: str) -> None:
    from .devices import DeviceError, available, choose_one

    try:
        choose_one(wanted, available())
    except DeviceError as error:
        raise pytest.UsageError(f"--device: {error}") from None


def _may_be_in_vault(place: Path) -> bool:
    folders = (place.absolute(), *place.absolute().parents)
    return any((f / ".obsidian").is_dir() or (f / ".runner.toml").is_file() for f in folders)


@pytest.hookimpl(tryfirst=True)
def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if not _may_be_in_vault(path):
        return None
    from .pytest_items import Untrusted
    from .pytest_trust import is_refused, why_refused

    if not is_refused(parent.config, path):
        return None
    return Untrusted.of(parent, path, why_refused(path))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    if not config.stash.get(_REFUSED, False) or collection_path.suffix != ".py":
        return None
    from .pytest_trust import is_refused

    return any(is_refused(config, folder) for folder in collection_path.parents) or None


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix.lower() != ".md" or not _MAYBE_OURS.search(file_path.read_bytes()):
        return None
    from .pytest_notes import Notes

    notes = parent.config.stash.get(_NOTES, None)
    if notes is None:
        notes = parent.config.stash[_NOTES] = Notes(parent.config)
    return notes.collector(file_path, parent)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    notes = item.config.stash.get(_NOTES, None)
    if notes is None:
        return (yield)
    with notes.place(item):
        return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    notes = item.config.stash.get(_NOTES, None)
    block = notes.block(item) if notes else None
    if block is not None and isinstance(item, pytest.Function):
        block.prepare()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    notes = item.config.stash.get(_NOTES, None)
    block = notes.block(item) if notes else None
    if block is None:
        return (yield)
    with block.timed():
        return (yield)


# --- the order of sets


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    """Workers are started from here on: where a vault is to be tested they get the hash seed."""
    if "PYTHONHASHSEED" not in os.environ and any(map(_may_be_in_vault, _given(config))):
        os.environ["PYTHONHASHSEED"] = "0"
        config.add_cleanup(partial(os.environ.__delitem__, "PYTHONHASHSEED"))


def _given(config: pytest.Config) -> list[Path]:
    return [Path(word.partition("::")[0]) for word in config.args]


def _hashes_otherwise(config: pytest.Config) -> bool:
    """Whether notes stand in a process whose hashes of text are not those of ``run``."""
    notes = config.stash.get(_NOTES, None)
    return bool(notes and notes.collected and sys.flags.hash_randomization)


def pytest_report_collectionfinish(config: pytest.Config) -> str | list[str]:
    return _HASHES if _hashes_otherwise(config) else []


# --- writing the notes afterwards, once, also where xdist ran the tests in several processes


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    collected: Collected | None = getattr(node, "workeroutput", {}).get("runner_notes")
    if getattr(node, "workeroutput", {}).get("runner_hashes"):
        node.config.stash[_REMARKS][_HASHES] = None
    if collected is not None:
        found = node.config.stash.setdefault(_FROM_WORKERS, {})
        found.setdefault(collected[0], set()).update(collected[1])


def pytest_sessionfinish(session: pytest.Session) -> None:
    config = session.config
    notes = config.stash.get(_NOTES, None)
    collected = notes.collected if notes else None
    if hasattr(config, "workeroutput"):
        config.workeroutput["runner_notes"] = collected
        config.workeroutput["runner_hashes"] = _hashes_otherwise(config)
        return
    found = config.stash.get(_FROM_WORKERS, {})
    if collected is not None:
        found.setdefault(collected[0], set()).update(collected[1])
    if found and config.option.update_notes:
        from .pytest_notes import update

        remark = update(config, [(root, sorted(p)) for root, p in found.items()])
        config.stash[_REMARKS][remark] = None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for remark in terminalreporter.config.stash.get(_REMARKS, {}):
        terminalreporter.write_line(remark)
