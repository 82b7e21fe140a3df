"""The commands that execute: ``run`` and ``watch``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .answer import FAILED, FINE, Answer, Refusal
from .opening import (
    DEVICE,
    JSON,
    PATHS,
    answers_in_json,
    keyword_options,
    open_to_execute,
    refuse_pinned,
    session_on,
)
from .report import Report
from .wish import Selection, Wish

if TYPE_CHECKING:
    from .execution import Progress
    from .session import Session

    Listener = Callable[[Progress], None]

RUN_OPTIONS = keyword_options(
    DEVICE,
    click.option("--force", is_flag=True, help="Run everything, whatever is known."),
    click.option("--slow", is_flag=True, help="Run the blocks marked `slow: true` too."),
    click.option("--no-write", is_flag=True, help="Leave the notes as they are."),
    click.option("-k", "select", default="", metavar="EXPR", help="Run the blocks that match."),
    click.option("--workers", type=click.IntRange(1), help="Processes that run side by side."),
    click.option("--timeout", type=click.FloatRange(0, min_open=True), help="Seconds a block."),
    click.option("--trust", is_flag=True, help="Trust the vault for this run."),
    JSON,
)


@click.command()
@PATHS
@RUN_OPTIONS
def run(paths: tuple[Path, ...], trust: bool, **options: Any) -> Generator[Answer]:
    """Run what is stale in PATHS (a vault, or notes in it) and write the results."""
    from . import claims
    from .memo import Memo
    from .workers import open_pool

    vault, scope = open_to_execute(paths, trust)
    wish = _wish(options)
    memo = Memo(vault, scope, wish)
    report = memo.recall()
    if report is None:
        # The first worker starts while this process still imports and reads.
        with ExitStack() as stack:
            early = stack.enter_context(open_pool(vault.settings, wish))
            if wish.write:
                yield from (Answer(None, [words]) for words in claims.rivals(vault.root))
                stack.enter_context(claims.running(vault.root))
            session = stack.enter_context(session_on(vault))
            with _progress() as listen:
                outcome = session.update(session.scope(scope), wish, listen, early)
            report = session.report(outcome)
        memo.remember(outcome, report)
    yield reported(report)


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--quiet", type=click.FloatRange(0), help="Seconds of rest before writing.")
@click.option("--polling", is_flag=True, help="Look at the files each second (network drives).")
@RUN_OPTIONS
def watch(
    path: Path, trust: bool, quiet: float | None, polling: bool, **options: Any
) -> Generator[Answer]:
    """Run on every save under PATH, until Ctrl-C."""
    vault, scope = open_to_execute((path,), trust)
    refuse_pinned(vault.root, trust)
    with ExitStack() as stack:
        session = stack.enter_context(session_on(vault))
        listen = stack.enter_context(_progress())
        opened = stack.pop_all()
    return _watching(opened, session, scope, _wish(options), listen, quiet, polling)


def _watching(
    opened: ExitStack,
    session: Session,
    scope: list[str],
    wish: Wish,
    listen: Listener,
    quiet: float | None,
    polling: bool,
) -> Generator[Answer]:
    from .watch import watch_vault

    with opened, suppress(KeyboardInterrupt):
        yield Answer(None, [f"watching {session.vault.root} (Ctrl-C ends)"])
        for report in watch_vault(session, scope, wish, listen, quiet=quiet, polling=polling):
            yield replace(reported(report), code=FINE)


def _wish(options: dict[str, Any]) -> Wish:
    """Raises ``Refusal`` where ``-k`` is no expression."""
    wish = Wish(write=not options.pop("no_write"), **options)
    try:
        Selection(wish.select)
    except ValueError as error:
        raise Refusal(str(error)) from None
    return wish


def reported(report: Report, *, checked: bool = False) -> Answer:
    """``checked``: nothing ran, so that stale outputs count."""
    return Answer(
        report.to_json(),
        _described(report, checked),
        FINE if report.is_fine(stale_counts=checked) else FAILED,
    )


def _described(report: Report, checked: bool) -> Iterator[str]:
    from . import console

    yield from console.describe(report, checked=checked)


@contextmanager
def _progress() -> Iterator[Listener]:
    """A listener that keeps one line on a terminal up to date; silent elsewhere."""
    if answers_in_json() or not sys.stderr.isatty():
        yield lambda _: None
        return
    from .ticker import Ticker

    with Ticker() as ticker:

        def listen(progress: Progress) -> None:
            ticker.show(progress.note, progress.block, progress.line)

        yield listen
