"""What a worker is asked to do: code and orders, as plain facts that travel as JSON.

A worker gets no note text and needs no parser: a job carries the code of the note it runs and of
every note that code may import.
"""

from __future__ import annotations

from enum import StrEnum

from .records import dataclass


class Mode(StrEnum):
    """``run``: execute for the result; ``replay``: execute silently for the definitions."""

    RUN = "run"
    REPLAY = "replay"


@dataclass(frozen=True, slots=True)
class Code:
    """One block's Python. ``line`` is the note line of the first line of ``source``.

    ``names_device``: the code names the global ``device``, so it has to be there. ``digest`` is
    that of its text, ``data`` (absolute paths) and ``env`` (names) what it and the blocks it
    depends on declare: what a checkpoint made in it is kept for.
    """

    id: str
    role: str
    line: int
    source: str
    seed: int
    names_device: bool = False
    digest: str = ""
    data: tuple[str, ...] = ()
    env: tuple[str, ...] = ()

    @property
    def importable(self) -> bool:
        return self.role in ("setup", "component")


@dataclass(frozen=True, slots=True)
class NoteCode:
    """The Python of one note: all its faultless blocks in document order.

    ``path`` is the absolute path of the note, the file name of its code objects. ``fault`` says
    why the note cannot be imported (a name collision, an import cycle), naming places.
    """

    module: str
    note: str
    path: str
    blocks: tuple[Code, ...]
    fault: str | None = None

    @property
    def root(self) -> str:
        """The absolute path of the vault."""
        return self.path[: -len(self.note)]

    @property
    def dumped_path(self) -> str:
        """``path`` as faulthandler writes it."""
        return self.path.encode("ascii", "backslashreplace").decode("ascii")


@dataclass(frozen=True, slots=True)
class Step:
    """One block to execute. ``raises`` names the exception that counts as success.

    ``needs`` are the ids of the lane's blocks it depends on: where one of them fails, this step is
    left out silently.
    """

    id: str
    mode: Mode
    needs: tuple[str, ...] = ()
    device: str = "cpu"
    timeout: float = 60.0  # seconds
    raises: str | None = None
    cuts_output: bool = False  # `output: none`: nothing is kept but the status


@dataclass(frozen=True, slots=True)
class Job:
    """The steps of one lane, in document order, for one fresh process.

    ``notes`` holds the note of ``module`` itself and every note its code may import. ``cwd`` is
    the note's folder. ``threads`` is torch's thread count, one per vault. ``imports`` are the
    heavy modules its code will import: a worker that has torch without need is not for it.
    ``checkpoints`` is the folder that keeps them, "" for none; those of another run than
    ``rebuild`` are made anew, unless that is "". ``gpu`` is the one CUDA device that the process
    may see, by its index among those that are visible; -1 leaves it all. A pool chooses it of
    ``gpus``, if there are any. ``environ`` are the variables that blocks declare, with the values
    they have for the user.
    """

    module: str
    cwd: str
    steps: tuple[Step, ...]
    notes: tuple[NoteCode, ...]
    threads: int = 1
    figures: str = "png"
    imports: tuple[str, ...] = ()
    checkpoints: str = ""
    rebuild: str = ""
    gpu: int = -1
    gpus: tuple[int, ...] = ()
    environ: tuple[tuple[str, str], ...] = ()
