"""What ``.runner.toml`` says, checked: the settings of a vault.

It names programs, so only the settings of trusted vaults are read.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from .attributes import regular_bytes
from .errors import UserError, system_words
from .records import dataclass

CONFIG = ".runner.toml"


class SettingsError(UserError):
    """``.runner.toml`` cannot be used; the message names the faulty line or key, and the remedy."""


@dataclass(frozen=True, slots=True)
class Settings:
    """``.runner.toml``; ``timeout`` and ``quiet`` are seconds."""

    python: str = ""
    launcher: tuple[str, ...] = ()
    device: str = ""
    timeout: float | None = None
    quiet: float | None = None
    figures: str = "png"
    workers: int | None = None
    exclude: tuple[str, ...] = ()


def differing(one: Settings, other: Settings) -> frozenset[str]:
    """The keys whose values differ."""
    return frozenset(key for key in _TYPES if getattr(one, key) != getattr(other, key))


def read_settings(root: Path) -> Settings:
    """The settings of a trusted vault. Raises ``SettingsError``."""
    return parse_settings(settings_bytes(root), root)


def settings_bytes(root: Path) -> bytes | None:
    """What the file holds; None where there is none. Raises ``SettingsError``."""
    file = root / CONFIG
    try:
        return regular_bytes(file) if file.is_file() else None
    except FileNotFoundError:
        return None  # it went this moment
    except OSError as error:
        why = system_words(error)
        hint = "give yourself the right to read it, or delete it for the defaults"
        raise SettingsError(f"{CONFIG} cannot be read ({why}): {hint}") from None


def parse_settings(data: bytes | None, root: Path) -> Settings:
    """The settings that the file holds, or lacks. Raises ``SettingsError``."""
    if data is None:
        return Settings()
    import tomllib

    try:
        found = tomllib.loads(data.decode("utf-8-sig").replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SettingsError(f"{CONFIG} is no TOML ({error}): mend it") from None
    values = {key: _setting(key, value) for key, value in found.items()}
    if python := str(values.get("python", "")):
        values["python"] = _program(python, root, far="launcher" in values)
    return Settings(**values)  # type: ignore[arg-type]  # _setting has checked names and types


def _program(path: str, root: Path, far: bool) -> str:
    """A program that a vault names by a path names it from its root; ``far``: behind a launcher,
    which may reach another machine, only that knows the path. A mere name is looked for."""
    if far or not {"/", os.sep}.intersection(path):
        return path
    return os.path.normpath(os.path.join(root, os.path.expanduser(path)))


_TYPES: Mapping[str, tuple[type, ...]] = {
    "python": (str,),
    "launcher": (list,),
    "device": (str,),
    "timeout": (int, float),
    "quiet": (int, float),
    "figures": (str,),
    "workers": (int,),
    "exclude": (list,),
}
_FORMS: Mapping[tuple[type, ...], str] = {
    (str,): "a text in quotes",
    (list,): "a list of texts in quotes",
    (int,): "a positive whole number",
    (int, float): "a positive number",
}
_FIGURES = ("png", "svg")


def _setting(key: str, value: object) -> object:
    if key not in _TYPES:
        allowed = ", ".join(f"`{name}`" for name in _TYPES)
        raise SettingsError(f"{CONFIG} has the unknown key `{key}`: use one of {allowed}")
    if not _is_of_type(value, _TYPES[key]) or (key == "figures" and value not in _FIGURES):
        form = '"png" or "svg"' if key == "figures" else _FORMS[_TYPES[key]]
        raise SettingsError(f"{CONFIG}: `{key}` cannot be {value!r}: write {form}")
    return tuple(value) if isinstance(value, list) else value


def _is_of_type(value: object, types: tuple[type, ...]) -> bool:
    if not isinstance(value, types) or isinstance(value, bool):
        return False
    if isinstance(value, list):
        return all(isinstance(item, str) for item in value)
    return value > 0 if isinstance(value, int | float) else True
