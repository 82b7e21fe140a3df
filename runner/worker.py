"""The worker: one process that runs the steps of one job, told so over its standard streams.

Messages are frames of four bytes of length (big endian) and JSON. In: ``preload``, ``job``,
``interrupt``, end of input. Out: ``ready``, ``start``, ``output``, ``done``, ``end``. The file is
run by its path under whatever interpreter the user names, where this package need not be
installed; multiprocessing children of a block import it as ``__mp_main__``.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036  the user's interpreter may be any
    sys.exit(f"runner needs Python 3.11 or newer, {sys.executable} is {sys.version.split()[0]}")

import faulthandler
import importlib.util
import json
import os
import platform
import signal
import socket
import struct
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from queue import SimpleQueue
from typing import Any, BinaryIO, NoReturn


def _bootstrap() -> None:
    """Make the package ``runner`` importable from this file's folder, and that folder nothing else.

    As a script, its folder leads the search path, where ``note.py`` and the like would shadow
    modules of the user.
    """
    folder = Path(__file__).resolve().parent
    sys.path[:] = [p for p in sys.path if not p or Path(p).resolve() != folder]
    if "runner" in sys.modules:
        return
    spec = importlib.util.spec_from_file_location(
        "runner", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None and spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules["runner"] = package
    spec.loader.exec_module(package)


if __name__ in ("__main__", "__mp_main__"):
    _bootstrap()

# ruff: noqa: E402  the package can be imported only after the bootstrap above
from runner.capture import FOLD_OTHERS_AT, Recorder, unbuffer_c_stdout
from runner.display import Display
from runner.evidence import Witness
from runner.frames import Places, is_expected, message_of
from runner.job import Code, Job, Mode, Step
from runner.modules import NoteFinder, execute
from runner.result import Evidence, Result, Status, Text, decode, encode
from runner.seeds import on_arrival
from runner.template import preload, serve_forks

sys.dont_write_bytecode = True  # beside the modules that a block imports, or its children
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"

JOB_VARIABLE = "RUNNER_WORKER_JOB"
SCRATCH_PREFIX = "runner-worker-"
_WATCH_EVERY = 0.1  # seconds between looks at a running block
_STUCK_AFTER = 1.0  # seconds after an interrupt at which the stack is dumped
_LENGTH = struct.Struct(">I")


# --- messages ----------------------------------------------------------------------------------


class Channel:
    """Frames over two private descriptors, which blocks do not know."""

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._in = incoming
        self._out = outgoing
        self._lock = threading.Lock()

    def read(self) -> dict[str, Any] | None:
        """The next message; ``None`` when the other side is gone."""
        head = self._in.read(_LENGTH.size)
        if len(head) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack(head)
        body = self._in.read(length)
        return json.loads(body) if len(body) == length else None

    def send(self, **message: Any) -> None:
        body = json.dumps(message, ensure_ascii=False).encode("utf-8", "replace")
        with self._lock:
            self._out.write(_LENGTH.pack(len(body)) + body)
            self._out.flush()


# --- one lane ----------------------------------------------------------------------------------


class Lane:
    """Runs the steps of one job in this process, in order."""

    def __init__(self, job: Job, channel: Channel, recorder: Recorder, scratch: str) -> None:
        self.job = job
        self._channel = channel
        self._recorder = recorder
        self._scratch = scratch
        notes = {note.module: note for note in job.notes}
        self._note = notes[job.module]
        self._places = Places(job.notes)
        self._display = Display(recorder, job.figures)
        self._witness = Witness(self._note.root, (note.path for note in job.notes))
        self._finder = NoteFinder(notes.get)
        self._device: str | None = None
        self._lost: set[str] = set()
        self._pid = os.getpid()
        self.running: str | None = None

    def run(self) -> None:
        self._prepare()
        for step in self.job.steps:
            if self._lost.isdisjoint(step.needs):
                self._step(step)
            else:
                self._lost.add(step.id)

    def _prepare(self) -> None:
        os.chdir(self.job.cwd)
        sys.path.insert(0, self.job.cwd)
        sys.argv = [self._note.path]
        self._finder.install()
        self._module = self._finder.open_module(self._note)
        self._display.install()
        self._witness.install()
        on_arrival("multiprocessing.process", self._expect_children)

    def _expect_children(self, processes: Any) -> None:
        """multiprocessing's own temporary folder goes with this process, however that ends."""
        processes.current_process()._config["tempdir"] = self._scratch
        self._tell_children()

    def _step(self, step: Step) -> None:
        code = next(code for code in self._note.blocks if code.id == step.id)
        self._recorder.install()
        self._display.silent = step.mode is Mode.REPLAY
        self._channel.send(event="start", id=step.id)
        started = time.perf_counter()
        self.running, self._witness.watching = step.id, True
        try:
            result = self._result(step, code)
        except KeyboardInterrupt as late:  # between the block's end and the line below
            result = self._failed(late)
        finally:
            self.running = None
        if os.getpid() != self._pid:  # a child that the block forked came back from it
            os._exit(0)
        outputs = self._recorder.take(self._places.mark)
        if result.status is not Status.OK:
            self._lost.add(step.id)
        elif step.mode is Mode.REPLAY:
            self._witness.watching = False
            return
        evidence = self._witness.evidence(step.device)
        result = replace(
            result,
            outputs=() if step.cuts_output else outputs,
            seconds=time.perf_counter() - started,
            device=step.device,
        )
        message = encode(result) | {"evidence": _encoded(evidence)}
        self._channel.send(event="done", id=step.id, result=message)

    def _result(self, step: Step, code: Code) -> Result:
        try:
            self._set_device(step.device)
            if code.role == "test":
                return self._test(step, code)
            self._display.show_value(execute(self._module, self._note, code))
            self._display.finish_figures()
        except BaseException as error:  # whatever a block raises is its result
            return self._raised(step, error)
        if step.raises:
            return Result(Status.FAILED, reason=f"{step.raises} was expected, nothing was raised")
        return Result(Status.OK)

    def _test(self, step: Step, code: Code) -> Result:
        sys.dont_write_bytecode = False  # for a file of our own, which imports none of the vault
        from runner.testing import run_block

        sys.dont_write_bytecode = True
        self._display.silent = True  # figures of tests have no place
        try:
            return run_block(self._module, self._note, code, step, self._places, self._scratch)
        finally:
            self._display.finish_figures()

    def _raised(self, step: Step, error: BaseException) -> Result:
        with suppress(Exception):  # the block's own fault is the one to report
            self._display.finish_figures()
        if step.raises and is_expected(error, step.raises):
            self._recorder.show((Text(f"{type(error).__name__}: {message_of(error)}", "value"),))
            return Result(Status.OK)
        failed = self._failed(error)
        if not step.raises:
            return failed
        return replace(failed, reason=f"{step.raises} was expected")

    def _failed(self, error: BaseException) -> Result:
        failure = self._places.failure(error)
        return Result(Status.FAILED, failure=failure, reason=failure.headline)

    def _set_device(self, device: str) -> None:
        """Set the global only when it changes: a block may have chosen another value for it."""
        if device == self._device:
            return
        self._finder.device = self._device = device
        if "multiprocessing.process" in sys.modules:
            self._tell_children()
        self._finder.set_device(self._module, self._note)

    def _tell_children(self) -> None:
        """Leave what multiprocessing children need to import the notes (see ``_adopt``)."""
        path = Path(self._scratch, "job.json")
        message = {"job": encode(self.job), "device": self._finder.device}
        path.write_text(json.dumps(message), encoding="utf-8")
        os.environ[JOB_VARIABLE] = str(path)

    def whereabouts(self, thread: int) -> str:
        """The place of the innermost frame of the notes that ``thread`` is in, "" if none."""
        frames = self._places.stack(sys._current_frames().get(thread))
        return next((f.place.token() for f in reversed(frames) if f.place), "")


@lru_cache(maxsize=1)
def _encoded(evidence: Evidence) -> Any:
    """It is the same for most blocks of a lane."""
    return encode(evidence)


def _adopt(path: str) -> None:
    """In a multiprocessing child: let it import the notes that its parent's job imports."""
    message = json.loads(Path(path).read_text(encoding="utf-8"))
    job = decode(Job, message["job"])
    done = {step.id for step in job.steps}
    notes = {note.module: note for note in job.notes}
    note = notes[job.module]
    own = tuple(code for code in note.blocks if code.id in done)
    notes[job.module] = replace(note, blocks=own)
    os.chdir(job.cwd)
    NoteFinder(notes.get, message["device"], defines=job.module).install()


# --- the process -------------------------------------------------------------------------------


class Worker:
    """Owns the process: its streams, its control thread and its watch over the running block."""

    def __init__(self) -> None:
        self._scratch = tempfile.mkdtemp(prefix=SCRATCH_PREFIX)
        self._channel = _private_channel()
        self._stderr = os.fdopen(os.dup(2), "wb", buffering=0)
        self._recorder = Recorder(os.path.join(self._scratch, "output"))
        self._recorder.install()
        self._orders: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._main = threading.get_ident()
        self._lane: Lane | None = None
        self._unwanted: str | None = None

    def serve(self) -> None:
        """Obey orders until the other side is gone; never returns."""
        faulthandler.enable(self._stderr)
        if hasattr(faulthandler, "register"):  # the parent asks for the stack of a stuck block
            faulthandler.register(signal.SIGUSR1, self._stderr)
        self._confess_exits()
        _be_first_out_of_memory()
        signal.signal(signal.SIGINT, self._on_interrupt)
        unbuffer_c_stdout()
        threading.Thread(target=self._control, daemon=True).start()
        self._channel.send(
            event="ready",
            python=platform.python_version(),
            pid=os.getpid(),
            scratch=self._scratch,
            output=self._recorder.path,
        )
        try:
            while True:
                self._obey(self._orders.get())
        except BrokenPipeError:
            self._leave()

    def _obey(self, order: dict[str, Any]) -> None:
        if order["op"] == "preload":
            preload(order["modules"])
        elif order["op"] == "job":
            self._run(decode(Job, order["job"]))

    def _run(self, job: Job) -> None:
        self._lane = Lane(job, self._channel, self._recorder, self._scratch)
        threading.Thread(target=self._watch, args=(self._lane,), daemon=True).start()
        self._lane.run()
        self._channel.send(event="end")
        self._lane = None

    def _confess_exits(self) -> None:
        """Write down the line that ends this process by ``os._exit``."""
        pid, leave = os.getpid(), os._exit

        def confess(status: int) -> NoReturn:
            if os.getpid() == pid:
                faulthandler.dump_traceback(self._stderr)
            leave(status)

        os._exit = confess
        self._exit = leave

    # --- beside the running block ------------------------------------------------------------

    def _control(self) -> None:
        while (message := self._channel.read()) is not None:
            if message["op"] == "interrupt":
                self._interrupt(message["id"])
            else:
                self._orders.put(message)
        self._leave()

    def _interrupt(self, block: str) -> None:
        """Raise ``KeyboardInterrupt`` in ``block`` if it still runs. Tested on Linux.

        A signal to the thread also ends a sleep or a wait for a lock; where there are no signals
        to threads (Windows), only running Python code hears it.
        """
        self._unwanted = block
        faulthandler.dump_traceback_later(_STUCK_AFTER, file=self._stderr)
        if hasattr(signal, "pthread_kill"):
            signal.pthread_kill(self._main, signal.SIGINT)
        else:
            import _thread

            _thread.interrupt_main()

    def _on_interrupt(self, *_: object) -> None:
        block, self._unwanted = self._unwanted, None
        running = self._lane.running if self._lane is not None else None
        if running is not None and block in (None, running):  # None: the block's own signal
            raise KeyboardInterrupt

    def _watch(self, lane: Lane) -> None:
        """Tell of the block's latest line of output and of where it is, while these change."""
        told = ("", "", "")
        while True:
            time.sleep(_WATCH_EVERY)
            block = lane.running
            if block is None:
                continue
            self._recorder.fold(FOLD_OTHERS_AT)
            seen = (block, self._recorder.last_line(), lane.whereabouts(self._main))
            if seen != told:
                told = seen
                self._channel.send(event="output", id=block, line=seen[1], at=seen[2])

    def _leave(self) -> None:
        """End the process now, and what it started if its lane was cut off. Tested on Linux."""
        import shutil

        shutil.rmtree(self._scratch, ignore_errors=True)
        if self._lane is not None and hasattr(os, "killpg") and os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)
        self._exit(0)


def _be_first_out_of_memory() -> None:
    """Let the kernel end this process, not its parent or an editor. Linux; tested there."""
    with suppress(OSError):  # no such file elsewhere
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def _private_channel() -> Channel:
    """Move the standard streams out of the blocks' reach."""
    return Channel(os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb"))


if __name__ == "__main__" and sys.argv[1:2] == ["--template"]:
    preload(sys.argv[3:])
    serve_forks(socket.socket(fileno=int(sys.argv[2])), lambda: Worker().serve())
elif __name__ == "__main__":
    Worker().serve()
elif __name__ == "__mp_main__" and JOB_VARIABLE in os.environ:
    _adopt(os.environ[JOB_VARIABLE])
