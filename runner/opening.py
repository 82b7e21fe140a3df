"""What every command shares: the vault of its paths, and the leave to execute it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from . import admission
from . import trust as trust_store
from .answer import UNTRUSTED, Refusal, spelled
from .vault import Vault, VaultError, find_root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .session import Session

_in_json: ContextVar[bool] = ContextVar("in_json", default=False)


def answers_in_json() -> bool:
    """Whether the command that runs was given ``--json``."""
    return _in_json.get()


def answer_in_json(given: bool) -> None:
    """Note whether the command that begins was given ``--json``."""
    _in_json.set(given)


def open_vault(paths: Sequence[Path]) -> tuple[Vault, list[str]]:
    """The vault of ``paths``, and these relative to its root; nothing of it may execute.

    Raises ``VaultError`` where they lie in several vaults.
    """
    root = _root(paths)
    vault = Vault(root, trusted=trust_store.granted(root) is not None)
    return vault, [vault.relative(path) for path in paths]


def open_to_execute(paths: Sequence[Path], leave: bool) -> tuple[Vault, list[str]]:
    """The same for a command that executes; ``leave``: granted for this run.

    Raises ``Refusal`` (3) where the vault is not trusted, having asked on a terminal.
    """
    root = _root(paths)
    if not leave:
        _admit(root)
    vault = Vault(root, trusted=True)
    return vault, [vault.relative(path) for path in paths]


def _root(paths: Sequence[Path]) -> Path:
    roots = {find_root(path) for path in paths}
    if len(roots) > 1:
        names = ", ".join(sorted(map(str, roots)))
        raise VaultError(f"these paths are in different vaults ({names}): run them one by one")
    return roots.pop()


@contextmanager
def session_on(vault: Vault) -> Iterator[Session]:
    """A session that gives its store back."""
    from .keptnotes import remembered
    from .session import Session

    with remembered():
        session = Session(vault)
        try:
            yield session
        finally:
            session.close()


@contextmanager
def looking_at(paths: Sequence[Path]) -> Iterator[tuple[Session, list[str]]]:
    """A session on the vault of ``paths`` in which nothing executes."""
    vault, scope = open_vault(paths)
    with session_on(vault) as session:
        yield session, scope


def _admit(root: Path) -> None:
    """Return if the vault may execute. Raises ``Refusal`` (3) if not."""
    if admission.is_trusted(root):
        return
    named = _quoted(root)
    if admission.is_pinned(root):
        changes = admission.changes(root)
        names = ", ".join((*changes.changed, *changes.added))
        hint = f"see `python -m runner trust --diff {named}`, then pin it again"
        raise Refusal(f"{root} changed since it was pinned ({names}): {hint}", UNTRUSTED)
    if not answers_in_json() and sys.stdin.isatty() and sys.stderr.isatty() and _asked(root):
        trust_store.grant(root)
        return
    hint = f"look at it, then run `python -m runner trust {named}` or add --trust for this run"
    why = (
        " (another folder stood there when you trusted it)" if trust_store.is_replaced(root) else ""
    )
    raise Refusal(f"the vault {root} is not trusted{why}: {hint}", UNTRUSTED)


def _asked(root: Path) -> bool:
    import click

    from .console import first_contact
    from .graph import build

    words = "\n".join(map(spelled, first_contact(root, build(Vault(root).notes().values()))))
    try:
        return click.confirm(f"{words}\nTrust this vault from now on?", err=True)
    except click.Abort:  # Ctrl-D, Ctrl-C: whatever ends the question is no yes
        return False


def _quoted(root: Path) -> str:
    import shlex  # only refusals name commands

    return shlex.quote(str(root))


def refuse_pinned(root: Path, leave: bool) -> None:
    """Watching runs what changes, which is what pinning forbids. Raises ``Refusal`` (3)."""
    if admission.is_pinned(root) and not leave:
        hint = f"trust it for good with `python -m runner trust {_quoted(root)}`"
        raise Refusal(f"{root} is pinned, so nothing that changes in it may run: {hint}", UNTRUSTED)
