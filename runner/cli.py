"""The command line: the only place that prints and exits.

Exit codes: 0 fine, 1 failed, stale or in error, 2 wrong use or environment, 3 vault not trusted.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from . import __version__, admission
from . import trust as trust_store
from .errors import UserError
from .report import Report
from .vault import Vault, VaultError, find_root
from .wish import Wish

if TYPE_CHECKING:
    from .execution import Progress
    from .session import Session

FINE, FAILED, MISUSED, UNTRUSTED = range(4)


class Refusal(UserError):
    """Ends the command with a message and an exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


PATHS = click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
TRUST = click.option("--trust", is_flag=True, help="Trust the vault for this run.")
DEVICE = click.option("--device", default="", help="auto, cpu, cuda[:n], mps, or cpu,cuda.")
RUN_OPTIONS = (
    DEVICE,
    click.option("--force", is_flag=True, help="Run everything, whatever is known."),
    click.option("--slow", is_flag=True, help="Run the blocks marked `slow: true` too."),
    click.option("--no-write", is_flag=True, help="Leave the notes as they are."),
    click.option("-k", "select", default="", metavar="EXPR", help="Run the blocks that match."),
    click.option("--workers", type=click.IntRange(1), help="Processes that run side by side."),
    click.option("--timeout", type=click.FloatRange(0, min_open=True), help="Seconds a block."),
    TRUST,
    JSON,
)


def _run_options(command: Any) -> Any:
    for option in reversed(RUN_OPTIONS):
        command = option(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="runner")
def cli() -> None:
    """Make notes on papers run: quote, component, test, figure."""


@cli.command()
@PATHS
@_run_options
def run(paths: tuple[Path, ...], as_json: bool, trust: bool, **options: Any) -> None:
    """Run what is stale in PATHS (a vault, or notes in it) and write the results."""
    from .memo import Memo
    from .workers import open_pool

    with _told(as_json):
        vault, scope = _vault(paths, trust, as_json)
        wish = _wish(options)
        memo = Memo(vault, scope, wish)
        report = memo.recall()
        if report is None:
            # The first worker starts while this process still imports and reads.
            with open_pool(vault.settings, wish) as early, _session(vault) as session:
                with _shown_progress(as_json) as listen:
                    outcome = session.update(session.scope(scope), wish, listen, early)
                report = session.report(outcome)
            memo.remember(outcome, report)
        _finish(report, as_json, checked=False)


@cli.command()
@PATHS
@DEVICE
@JSON
def check(paths: tuple[Path, ...], device: str, as_json: bool) -> None:
    """Find stale or failing outputs, problems and dead links; run and write nothing."""
    with _told(as_json), _opened(paths, None, as_json) as (session, scope):
        report = session.check(session.scope(scope), Wish(device=device))
        _finish(report, as_json, checked=True)


@cli.command()
@click.argument("place")
@DEVICE
@JSON
def explain(place: str, device: str, as_json: bool) -> None:
    """Say what would run in PATH or PATH#ID, be replayed or be reused, and why."""
    from . import console

    path, _, block = (place, "", "") if Path(place).exists() else place.rpartition("#")
    path = path or place
    with _told(as_json), _opened((Path(path),), None, as_json) as (session, scope):
        report = session.check(session.scope(scope), Wish(device=device))
        if block and not any(found.id == block for found in report.blocks()):
            raise Refusal(f"{path} has no block `{block}`", MISUSED)
        if as_json:
            _print_json(report.to_json())
        else:
            _print(console.explain(report, block))


@cli.command()
@PATHS
@JSON
def status(paths: tuple[Path, ...], as_json: bool) -> None:
    """Show a table: note, quotes, components, tests, devices, last run."""
    from .status import as_table, note_states

    with _told(as_json), _opened(paths, None, as_json) as (session, scope):
        states = note_states(session, session.scope(scope))
        if as_json:
            root = str(session.vault.root)
            _print_json({"vault": root, "notes": [state.to_json() for state in states]})
        else:
            _print(as_table(states))


@cli.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--pin", is_flag=True, help="Only while the notes stay as they are now.")
@click.option("--diff", is_flag=True, help="Show what changed since the vault was pinned.")
@click.option("--revoke", is_flag=True, help="Forget that the vault is trusted.")
@JSON
def trust(path: Path, pin: bool, diff: bool, revoke: bool, as_json: bool) -> None:
    """Allow the vault at PATH to execute its code on this machine."""
    with _told(as_json):
        if pin + diff + revoke > 1:
            raise Refusal("choose one of --pin, --diff and --revoke", MISUSED)
        root = find_root(path)
        if diff:
            changes = admission.changes(root)
            answer: dict[str, Any] = {
                "vault": str(root),
                "changed": list(changes.changed),
                "added": list(changes.added),
                "gone": list(changes.gone),
            }
            words = [
                f"{kind}: {name}" for kind in ("changed", "added", "gone") for name in answer[kind]
            ]
            _answer(answer, words or ["nothing changed since it was pinned"], as_json)
        elif revoke:
            known = trust_store.revoke(root)
            words = [f"{root} is no longer trusted" if known else f"{root} was not trusted"]
            _answer({"vault": str(root), "trusted": None, "revoked": known}, words, as_json)
        else:
            pins = admission.fingerprints(root) if pin else None
            trust_store.grant(root, pins)
            how = "pinned" if pin else "always"
            _answer({"vault": str(root), "trusted": how}, [f"{root} is trusted ({how})"], as_json)


@cli.command()
@click.argument("note", type=click.Path(path_type=Path))
@JSON
def undo(note: Path, as_json: bool) -> None:
    """Bring back what NOTE held before our last writes, after showing the difference."""
    from .undo import bring_back, difference

    with _told(as_json):
        root = find_root(note)
        lines = difference(note, root)
        if not as_json:
            _print(lines)
            if sys.stdin.isatty() and not click.confirm("Bring this back?", default=True):
                raise Refusal(f"{note} was left as it is", FAILED)
        changed = bring_back(note, root)
        words = [f"{note} is as it was before the last writes"]
        _answer({"note": Vault(root).relative(note), "changed": changed}, words, as_json)


@cli.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--quiet", type=click.FloatRange(0), help="Seconds of rest before writing.")
@click.option("--polling", is_flag=True, help="Look at the files each second (network drives).")
@_run_options
def watch(
    path: Path,
    as_json: bool,
    trust: bool,
    quiet: float | None,
    polling: bool,
    **options: Any,
) -> None:
    """Run on every save under PATH, until Ctrl-C."""
    from .watch import watch_vault

    with _told(as_json), _opened((path,), trust, as_json) as (session, scope):
        _refuse_pinned(session.vault.root, trust)
        wish = _wish(options)
        if not as_json:
            click.echo(f"watching {session.vault.root} (Ctrl-C ends)", err=True)
        with _shown_progress(as_json) as listen, suppress(KeyboardInterrupt):
            for report in watch_vault(session, scope, wish, listen, quiet=quiet, polling=polling):
                _print_report(report, as_json, checked=False)


# --- doors' common ground


def _wish(options: dict[str, Any]) -> Wish:
    return Wish(write=not options.pop("no_write"), **options)


def _vault(paths: tuple[Path, ...], trusted: bool | None, as_json: bool) -> tuple[Vault, list[str]]:
    """The vault of ``paths``, and these relative to its root.

    ``trusted``: the command executes code, with (True) or without leave for this run; None:
    nothing will execute.
    """
    roots = {find_root(path) for path in paths}
    if len(roots) > 1:
        names = ", ".join(sorted(map(str, roots)))
        raise VaultError(f"these paths are in different vaults ({names}): run them one by one")
    root = roots.pop()
    if trusted is None:
        known = trust_store.granted(root) is not None
    else:
        known = _admit(root, trusted, as_json)
    vault = Vault(root, trusted=known)
    return vault, [vault.relative(path) for path in paths]


@contextmanager
def _session(vault: Vault) -> Iterator[Session]:
    from .session import Session

    session = Session(vault)
    try:
        yield session
    finally:
        session.close()


@contextmanager
def _opened(
    paths: tuple[Path, ...], trusted: bool | None, as_json: bool
) -> Iterator[tuple[Session, list[str]]]:
    vault, scope = _vault(paths, trusted, as_json)
    with _session(vault) as session:
        yield session, scope


def _admit(root: Path, trusted: bool, as_json: bool) -> bool:
    """True if the vault may execute. Raises ``Refusal`` (3) if not."""
    if trusted or admission.is_trusted(root):
        return True
    if admission.is_pinned(root):
        changes = admission.changes(root)
        names = ", ".join((*changes.changed, *changes.added))
        named = shlex.quote(str(root))
        hint = f"see `python -m runner trust --diff {named}`, then pin it again"
        raise Refusal(f"{root} changed since it was pinned ({names}): {hint}", UNTRUSTED)
    if sys.stdin.isatty() and sys.stderr.isatty() and not as_json:
        from .console import first_contact
        from .graph import build

        for line in first_contact(root, build(Vault(root).notes().values())):
            click.echo(line, err=True)
        if click.confirm("Trust this vault from now on?", err=True):
            trust_store.grant(root)
            return True
    named = shlex.quote(str(root))
    hint = f"look at it, then run `python -m runner trust {named}` or add --trust for this run"
    raise Refusal(f"the vault {root} is not trusted: {hint}", UNTRUSTED)


def _refuse_pinned(root: Path, trusted: bool) -> None:
    """Watching runs what changes, which is what pinning forbids."""
    if admission.is_pinned(root) and not trusted:
        hint = f"trust it for good with `python -m runner trust {shlex.quote(str(root))}`"
        raise Refusal(f"{root} is pinned, so nothing that changes in it may run: {hint}", UNTRUSTED)


@contextmanager
def _told(as_json: bool) -> Iterator[None]:
    """Turn what went wrong into one line, or one JSON document, and an exit code."""
    try:
        yield
    except Refusal as refusal:
        _fail(str(refusal), refusal.code, as_json)
    except UserError as error:
        _fail(str(error), MISUSED, as_json)
    except ValueError as error:
        if not str(error).startswith("-k "):
            raise
        _fail(str(error), MISUSED, as_json)


def _fail(message: str, code: int, as_json: bool) -> NoReturn:
    if as_json:
        _print_json({"error": message})
    else:
        click.echo(f"runner: {message}", err=True)
    sys.exit(code)


def _finish(report: Report, as_json: bool, *, checked: bool) -> NoReturn:
    _print_report(report, as_json, checked=checked)
    sys.exit(FINE if report.is_fine(stale_counts=checked) else FAILED)


def _print_report(report: Report, as_json: bool, *, checked: bool) -> None:
    if as_json:
        _print_json(report.to_json())
        return
    from . import console

    _print(console.describe(report, checked=checked))


def _answer(data: dict[str, Any], words: Iterable[str], as_json: bool) -> None:
    if as_json:
        _print_json(data)
    else:
        _print(words)


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)


def _print_json(data: object) -> None:
    click.echo(json.dumps(data, ensure_ascii=False))


@contextmanager
def _shown_progress(as_json: bool) -> Iterator[Any]:
    """A listener that keeps one line on a terminal up to date; silent elsewhere."""
    if as_json or not sys.stderr.isatty():
        yield lambda _: None
        return
    from .ticker import Ticker

    with Ticker() as ticker:

        def listen(progress: Progress) -> None:
            ticker.show(progress.note, progress.block, progress.line)

        yield listen


def main() -> None:
    """The script ``runner`` and ``python -m runner``."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    arguments = sys.argv[1:]
    try:
        cli(arguments, prog_name="python -m runner", standalone_mode=False)
    except click.ClickException as error:
        if "--json" in arguments:
            _print_json({"error": error.format_message()})
        else:
            error.show()
        sys.exit(MISUSED)
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        sys.exit(FAILED)
