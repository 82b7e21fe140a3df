"""The settings in force while a vault is watched: what its file asks for since, and the change."""

from __future__ import annotations

import time
from collections.abc import Callable

from .errors import UserError
from .pool import Pool
from .records import dataclass
from .session import Session
from .settings import CONFIG, Settings, SettingsError, differing, parse_settings, settings_bytes
from .wish import Wish
from .workers import side_by_side

_ABSENCE = 0.5  # seconds for which the file may be gone, cut off or broken while it is being saved
_FOR_WRITING = {"quiet"}
_FOR_POOLS = {"python", "launcher"}
_FOR_LATER = {"workers", "exclude"}  # what runs may go on


@dataclass(frozen=True, slots=True)
class Change:
    """Other settings, and the keys that ``differ``."""

    settings: Settings
    differ: frozenset[str]

    def __str__(self) -> str:
        if not self.differ:
            return f"{CONFIG} is in order again, and says what already holds"
        return f"{CONFIG} changed and holds from now on: {', '.join(sorted(self.differ))}"

    @property
    def concerns_results(self) -> bool:
        """Whether what runs has to begin anew, and other blocks may be up to date now."""
        return not self.differ <= _FOR_WRITING | _FOR_LATER

    @property
    def concerns_files(self) -> bool:
        """Whether other notes may belong to the vault now."""
        return "exclude" in self.differ


class Regime:
    """Looks at ``.runner.toml`` when asked to, and has ``session`` obey it. ``clock``: monotonic
    seconds."""

    def __init__(self, session: Session, clock: Callable[[], float] = time.monotonic) -> None:
        self._session = session
        self._clock = clock
        self._seen = self._content()
        self._odd_until: float | None = None
        self._refused = False  # what was seen does not hold

    def _content(self) -> bytes | str | None:
        """What the file holds, None where there is none; in words why it cannot be read."""
        try:
            return settings_bytes(self._session.vault.root)
        except SettingsError as error:
            return str(error)

    def look(self, *, was_saved: bool) -> Change | None:
        """What the file asks for, if that is news. ``was_saved``: somebody wrote it just now.

        Raises ``SettingsError`` where it is broken, once for each way in which it is. A file that
        is gone, cut off or broken is waited for a while: ``due`` says when to look again.
        """
        content = self._content()
        if content == self._seen and not (was_saved and self._refused):
            self._odd_until = None
            return None
        settings, error = self._parsed(content)
        if error is not None or self._is_cut(content):
            self._odd_until = self._odd_until or self._clock() + _ABSENCE
            if self._clock() < self._odd_until:
                return None
        was_refused, self._refused = self._refused, error is not None
        self._seen, self._odd_until = content, None
        if error is not None:
            raise error
        change = Change(settings, differing(self._session.vault.settings, settings))
        return change if change.differ or was_refused else None

    def _parsed(self, content: bytes | str | None) -> tuple[Settings, SettingsError | None]:
        if isinstance(content, str):
            return Settings(), SettingsError(content)
        try:
            return parse_settings(content, self._session.vault.root), None
        except SettingsError as error:
            return Settings(), error

    def _is_cut(self, content: bytes | str | None) -> bool:
        """Whether less stands there than before, and nothing else."""
        known, now = (c if isinstance(c, bytes) else b"" for c in (self._seen, content))
        return len(now) < len(known) and known.startswith(now)

    def due(self) -> float:
        """When to look again though nothing happens, by the clock; else never."""
        return float("inf") if self._odd_until is None else self._odd_until

    def enact(self, change: Change, wish: Wish, pool: Pool, fresh: Callable[[], Pool]) -> Pool:
        """Have the session obey; the pool to go on with is ``pool`` where that still serves, else
        one that ``fresh`` makes. Raises ``UserError``, with all as before, where that fails."""
        before = self._session.vault.settings
        self._session.obey(change.settings)
        try:
            self._session.planner.devices(wish)
            if change.differ & _FOR_POOLS:
                return fresh()
        except UserError:
            self._session.obey(before)
            self._refused = True
            raise
        pool.resize(side_by_side(change.settings, wish, stays=True))
        return pool
