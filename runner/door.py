"""The command line's door to a run: what ``run`` and ``watch`` do, and what they answer."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from .answer import FAILED, FINE, Answer
from .opening import answers_in_json, open_to_execute, refuse_pinned, session_on
from .records import replace
from .wish import Selection, Wish

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .execution import Progress
    from .notices import Notice
    from .report import Report
    from .session import Session

    Listener = Callable[[Progress], None]


def run(paths: Sequence[Path], trust: bool, wish: Wish) -> Generator[Answer]:
    """Run what is stale in ``paths`` and write the results; ``trust``: granted for this run."""
    from .memo import Memo

    vault, scope = open_to_execute(paths, trust)
    memo = Memo(vault, scope, wish)
    report = memo.recall()
    if report is None:
        from .workers import open_pool, start_ahead

        # The first worker starts while this process still imports and reads.
        first = start_ahead(vault.settings)
        from . import claims

        with ExitStack() as stack:
            early = stack.enter_context(open_pool(vault.settings, wish, first=first))
            if wish.write:
                yield from (Answer(None, [words]) for words in claims.rivals(vault.root))
                stack.enter_context(claims.running(vault.root))
            session = stack.enter_context(session_on(vault))
            with _progress() as listen:
                outcome = session.update(session.scope(scope), wish, listen, early)
            report = session.report(outcome)
        memo.remember(outcome, report)
    yield reported(report)
    if wish.select and not _picks_any(wish, report):
        words = f"no block matches -k `{wish.select}`: try a part of an id or of a note's path"
        yield Answer(None, [words], reported(report).code)


def _picks_any(wish: Wish, report: Report) -> bool:
    picks = Selection(wish.select).picks
    return any(picks(note.note, b.id, b.role) for note in report.notes for b in note.blocks)


def watch(
    path: Path, trust: bool, wish: Wish, quiet: float | None, polling: bool
) -> Generator[Answer]:
    """Run on every save under ``path``, until Ctrl-C; the vault is opened before the first word."""
    vault, scope = open_to_execute((path,), trust)
    refuse_pinned(vault.root, trust)
    from . import claims

    with claims.watching(vault.root):
        pass  # a second watch is refused before the first word
    with ExitStack() as stack:
        session = stack.enter_context(session_on(vault))
        for place in scope:
            session.refuse_hidden(place)
        listen = stack.enter_context(_progress())
        opened = stack.pop_all()
    return _watching(opened, session, scope, wish, listen, quiet, polling)


def _watching(
    opened: ExitStack,
    session: Session,
    scope: list[str],
    wish: Wish,
    listen: Listener,
    quiet: float | None,
    polling: bool,
) -> Generator[Answer]:
    from .changes import Changes
    from .child import kill_all
    from .ending import asked_to_end, hears_ctrl_c
    from .report import Report
    from .watch import watch_vault

    changes = Changes(session.vault.root)
    ending = asked_to_end(changes.stop, lambda: changes.has_stopped, kill_all)
    with suppress(KeyboardInterrupt), ending, opened:
        how = "Ctrl-C" if hears_ctrl_c() else f"`kill {os.getpid()}`"
        yield Answer(None, [f"watching {session.vault.root} ({how} ends)"])
        for told in watch_vault(
            session, scope, wish, listen, quiet=quiet, polling=polling, changes=changes
        ):
            if isinstance(told, Report):
                says_something = told.notes or told.interrupted
                answer = replace(reported(told), code=FINE)
                yield answer if says_something else replace(answer, lines=())
            else:
                yield from _noticed(told)


def _noticed(notice: Notice) -> Iterator[Answer]:
    """For people beside the reports, a fault with the words that end other commands."""
    yield Answer(None, [f"runner: {notice.words}" if notice.is_fault else notice.words])
    if notice.is_fault:
        yield Answer({"error": notice.words}, [])


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
