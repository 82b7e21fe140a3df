"""The worker: one process that runs the steps of one job, told so over its standard streams.

In: ``preload``, ``job``, ``interrupt``, end of input. Out: ``born``, ``ready``, ``start``,
``output``, ``done``, ``replayed``, ``starved``, ``end``. The file is run by its path under
whatever interpreter the user names, where this package need not be installed; multiprocessing
children of a block import it as ``__mp_main__``.
"""

from __future__ import annotations

import gc
import sys

if __name__ == "__main__":
    gc.disable()  # imports make few cycles; looking for them takes a twentieth of a worker's start

if sys.version_info < (3, 11):  # noqa: UP036  the user's interpreter may be any
    sys.exit(f"runner needs Python 3.11 or newer, {sys.executable} is {sys.version.split()[0]}")

import faulthandler
import importlib.util
import os
import signal
import threading
import time
from contextlib import suppress
from functools import lru_cache
from queue import SimpleQueue


def _bootstrap() -> None:
    """Make the package ``runner`` importable from this file's folder, and that folder nothing else.

    As a script, its folder leads the search path, where ``note.py`` and the like would shadow
    modules of the user.
    """
    folder = os.path.dirname(os.path.realpath(__file__))
    sys.path[:] = [p for p in sys.path if not p or os.path.realpath(p) != folder]
    if "runner" in sys.modules:
        return
    spec = importlib.util.spec_from_file_location(
        "runner", os.path.join(folder, "__init__.py"), submodule_search_locations=[folder]
    )
    assert spec is not None and spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules["runner"] = package
    spec.loader.exec_module(package)


if __name__ in ("__main__", "__mp_main__"):
    _bootstrap()

# ruff: noqa: E402  the package can be imported only after the bootstrap above
from runner import exits, memory, remedies, scratch, strays, threadfaults
from runner.capture import FOLD_OTHERS_AT, Recorder, out_of_reach, unbuffer_c_stdout
from runner.channel import Channel
from runner.display import Display, Stage
from runner.evidence import Witness, diary_in
from runner.frames import Places, is_expected, message_of
from runner.freshcode import read_sources
from runner.guests import Guests
from runner.job import Code, Job, Mode, Step
from runner.modules import NoteFinder, execute
from runner.portable import Portable
from runner.records import replace
from runner.result import Evidence, Result, Status, Text, decode, encode
from runner.seeds import on_arrival
from runner.template import preload, serve_forks
from runner.variables import revealed, show_one_gpu

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

sys.dont_write_bytecode = True  # beside the modules that a block imports, or its children
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"

_WATCH_EVERY = 0.1  # seconds between looks at a running block
_STUCK_AFTER = 1.0  # seconds after an interrupt at which the stack is dumped


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
        self._codes = {code.id: code for code in self._note.blocks}
        self._places = Places(job.notes)
        self._portable = Portable(self._note.root, (scratch, job.checkpoints))
        self._display = Display(recorder, job.figures, self._portable.text)
        files, diary = (note.path for note in job.notes), diary_in(scratch)
        self._witness = Witness(self._note.root, self._note.path, files, job.checkpoints, diary)
        self._finder = NoteFinder(notes.get)
        self._device: str | None = None
        self._lost: set[str] = set()
        self._declared = dict(job.environ)
        self._pid = os.getpid()
        self._may_take = memory.limit()
        self._uses_cuda = any(step.device.startswith("cuda") for step in job.steps)
        self._moved = False
        self.ceiling = 0  # bytes that the process may hold before it is ended, 0 for any
        self.running: str | None = None

    def run(self) -> bool:
        """False where the rest wants a fresh process, for the reasons of ``_step``."""
        self._prepare()
        self._guests = Guests(self._may_take)
        for step in self.job.steps:
            if not self._lost.isdisjoint(step.needs):
                self._lost.add(step.id)
            elif not self._step(step):
                return False
        return True

    def _prepare(self) -> None:
        if self.job.gpu >= 0:
            show_one_gpu(self.job.gpu)
        if not os.path.isdir(self.job.cwd):
            why = f"{os.path.basename(self.job.cwd)}, the folder of its note, was moved or deleted"
            self._channel.send(event="starved", id="", why=why)
        os.chdir(self.job.cwd)
        sys.path.insert(0, self.job.cwd)
        read_sources()
        sys.argv = [self._note.path]
        self._finder.install()
        self._module = self._finder.open_module(self._note)
        self._display.install()
        threadfaults.tell(self._places)
        self._witness.install()
        on_arrival("multiprocessing.process", lambda _: self._expect_children())
        on_arrival("runner.checkpoints", lambda _: self._open_shelf())

    def _expect_children(self) -> None:
        from runner.children import Family, expect

        expect(lambda: Family(self.job, self._finder.device, self.running), self._scratch)

    def _open_shelf(self) -> None:
        """A block wants a checkpoint for the first time."""
        from pathlib import Path

        from runner.checkpoints import Keeper, Shelf, use

        keeper = Keeper(self._witness, Stage(self._display, self._places.mark))
        folder, finder = Path(self.job.checkpoints), self._finder
        use(Shelf(folder, lambda: finder.device, self.job.rebuild, keeper))

    def _step(self, step: Step) -> bool:
        """False where memory ran out in it, or a test left other values than it had found."""
        code = self._codes[step.id]
        self._recorder.install()
        self.ceiling = memory.hold_to(self._may_take, self._uses_cuda)
        self._display.silent = step.mode is Mode.REPLAY
        trouble = self._make_ready(step, code)
        self._recorder.strangers = self._guests.threads
        begins = self._recorder.begins
        self._channel.send(event="start", id=step.id, begins=begins, **self._guests.told())
        started = time.perf_counter()
        self._witness.expect(step.id, code.source)
        self.running, self._witness.watching = step.id, True
        declared = {name: self._declared[name] for name in code.env if name in self._declared}
        try:
            with revealed(declared):
                result = self._result(step, code, trouble)
        except KeyboardInterrupt as late:  # between the block's end and the line below
            result = self._failed(late)
        finally:
            self.running = None
        if os.getpid() != self._pid:  # a child that the block forked came back from it
            os._exit(0)
        heard = self._guests.heard(self._recorder)
        outputs = self._recorder.take(self._places.mark)
        self._guests.see(step.id)
        if result.status is not Status.OK:
            self._lost.add(step.id)
        elif step.mode is Mode.REPLAY:
            self._witness.watching = False
            self._channel.send(event="replayed", id=step.id)
            return True
        evidence = self._witness.evidence(step.device, step.needs)
        if spent := memory.ran_out():
            evidence = replace(evidence, doubt=f"{spent} ran out in the last run")
        result = replace(
            result,
            outputs=() if step.cuts_output else outputs,
            seconds=time.perf_counter() - started,
            device=step.device,
        )
        message = encode(self._portable.of(result)) | {"evidence": _encoded(evidence)}
        over = bool(spent or self._moved)
        told = {"spent": spent, "heard": heard, "over": over}
        self._channel.send(event="done", id=step.id, result=message, **told)
        return not over

    def _make_ready(self, step: Step, code: Code) -> BaseException | None:
        """Import what only we need before the block's time runs: torch for the global ``device``,
        pytest for a test. What torch raises is returned, to be raised in the block."""
        if code.role == "test":
            sys.dont_write_bytecode = False  # for files of ours, which import none of the vault
            importlib.import_module("runner.testing")
            sys.dont_write_bytecode = True
        try:
            self._set_device(step.device)
        except BaseException as error:
            return error
        return None

    def _result(self, step: Step, code: Code, trouble: BaseException | None) -> Result:
        try:
            if trouble:
                raise trouble
            if code.role == "test":
                return self._test(step, code)
            self._display.show_value(execute(self._module, self._note, code))
            self._display.finish_figures()
        except BaseException as error:  # whatever a block raises is its result
            remedies.explain(error, code.env)
            return self._raised(step, error)
        if step.raises:
            return Result(Status.FAILED, reason=f"{step.raises} was expected, nothing was raised")
        return Result(Status.OK)

    def _test(self, step: Step, code: Code) -> Result:
        from runner.testing import Ground, run_block  # loaded by now

        self._display.silent = True  # figures of tests have no place
        ground = Ground() if step is not self.job.steps[-1] else None
        try:
            return run_block(self._module, self._note, code, step, self._places, self._scratch)
        finally:
            self._display.finish_figures()
            self._moved = ground is not None and ground.moved()

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
        memory.explain(error, self._guests.holding())
        failure = self._places.failure(error)
        return Result(Status.FAILED, failure=failure, reason=failure.headline)

    def _set_device(self, device: str) -> None:
        """Set the global only when it changes: a block may have chosen another value for it."""
        if device == self._device:
            return
        self._finder.device = self._device = device
        self._finder.set_device(self._module, self._note)

    def whereabouts(self, thread: int) -> str:
        """The place of the innermost frame of the notes that ``thread`` is in, "" if none."""
        return self._places.innermost(sys._current_frames().get(thread))


@lru_cache(maxsize=1)
def _encoded(evidence: Evidence) -> Any:
    """It is the same for most blocks of a lane."""
    return encode(evidence)


# --- the process -------------------------------------------------------------------------------


class Worker:
    """Owns the process: its streams, its control thread and its watch over the running block."""

    def __init__(self) -> None:
        self._scratch = scratch.chosen()
        incoming, outgoing = (out_of_reach(os.dup(number)) for number in (0, 1))
        self._channel = Channel(os.fdopen(incoming, "rb"), os.fdopen(outgoing, "wb"))
        self._channel.greet()
        self._channel.send(event="born", scratch=self._scratch)
        scratch.make(self._scratch)
        self._stderr = os.fdopen(out_of_reach(os.dup(2)), "wb", buffering=0)
        self._recorder = Recorder(os.path.join(self._scratch, "output"))
        self._recorder.install()
        self._orders: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._main = threading.get_ident()
        self._lane: Lane | None = None
        self._unwanted: str | None = None

    def serve(self) -> None:
        """Obey orders until the other side is gone; never returns."""
        self._exit = exits.confess(self._stderr)
        exits.spare_parent()
        strays.adopt_orphans()
        memory.be_first_to_go()
        signal.signal(signal.SIGINT, self._on_interrupt)
        unbuffer_c_stdout()
        threading.Thread(target=self._control, daemon=True).start()
        self._channel.send(event="ready", pid=os.getpid(), output=self._recorder.path)
        try:
            while True:
                self._obey(self._orders.get())
        except BrokenPipeError:
            self._leave()
        except Exception as error:  # ours, between two blocks: the parent tells of it
            exits.show_fault(self._stderr)
            self._exit(exits.code_of(error))

    def _obey(self, order: dict[str, Any]) -> None:
        if order["op"] == "preload":
            preload(order["modules"])
        elif order["op"] == "job":
            self._run(decode(Job, order["job"]))

    def _run(self, job: Job) -> None:
        self._lane = Lane(job, self._channel, self._recorder, self._scratch)
        threading.Thread(target=self._watch, args=(self._lane,), daemon=True).start()
        if self._lane.run():
            self._channel.send(event="end")
            self._lane = None

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
            if lane.ceiling and memory.resident() > lane.ceiling:
                self._starve(block, lane.ceiling)
            seen = (block, self._recorder.last_line(), lane.whereabouts(self._main))
            if seen != told:
                told = seen
                self._channel.send(event="output", id=block, line=seen[1], at=seen[2])

    def _starve(self, block: str, ceiling: int) -> None:
        """End the process, whose memory the system does not bound, with the line it is on."""
        limit = f"{memory.said(ceiling)} ({memory.VARIABLE} sets the limit)"
        self._channel.send(event="starved", id=block, why=f"its memory grew over {limit}")
        faulthandler.dump_traceback(self._stderr)
        self._leave()

    def _leave(self) -> None:
        """End the process now, and what it started if its lane was cut off. Tested on Linux."""
        scratch.remove(self._scratch)
        if strays.has_children():
            strays.end_strays(os.getpid())
        if self._lane is not None and hasattr(os, "killpg") and os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)
        self._exit(0)


if __name__ == "__main__":
    gc.freeze()  # what stands here stays: blocks need not have it looked through
    gc.enable()
    if sys.argv[1:2] == ["--template"]:
        preload(sys.argv[3:])
        serve_forks(int(sys.argv[2]), lambda: Worker().serve())
    else:
        Worker().serve()
