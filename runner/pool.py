"""Workers seen from the parent: who runs what, time limits, deaths, all as a stream of events.

One supervisor thread owns all state; other threads only put messages on its queue: callers their
wishes, one reader per worker what the worker says.
"""

from __future__ import annotations

import atexit
import bisect
import itertools
import os
import queue
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from .child import Worker, end_orphans, why_not_begun, why_not_started
from .crash import answered
from .events import BlockDone, BlockOutput, BlockStarted, Event, LaneEnded
from .job import Job
from .launch import WorkerError, start_command, start_environment, start_process
from .records import dataclass
from .redaction import Redaction
from .result import Result, Status, encode
from .strays import adopt_orphans
from .underway import START_LIMIT, Underway
from .userdirs import home_folders

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .child import Process
    from .forks import Template

__all__ = ["BlockDone", "BlockOutput", "BlockStarted", "Event", "LaneEnded", "Pool", "WorkerError"]

_STANDBY_AFTER = 0.2  # seconds of idleness before a spare worker is started
_CLOSE = "close"
_KILLED_STARTS = 3  # workers in a row that something may kill before they are ready


@dataclass(frozen=True, slots=True)
class _Submit:
    lane: Underway


@dataclass(frozen=True, slots=True)
class _Cancel:
    number: int


class Pool:
    """Runs jobs, each in a fresh worker process, at most ``workers`` at a time.

    ``launcher`` is put before ``python`` to start workers elsewhere. ``preload`` names modules
    that a worker imports before it gets a job; ``threads`` is the thread count of numeric
    libraries. ``heard`` is called, in another thread, whenever there is an event; who gives it
    means to stay, so a spare worker is held ready beside those that run. ``first`` is a process
    that was started ahead, for the first of them. Raises ``WorkerError`` if no worker can be
    started; ``next_event`` raises it where the worker's interpreter fails later.
    """

    def __init__(
        self,
        python: str,
        launcher: tuple[str, ...] = (),
        workers: int = 1,
        preload: tuple[str, ...] = (),
        threads: int = 1,
        heard: Callable[[], None] | None = None,
        first: Process | None = None,
    ) -> None:
        self._heard = heard
        self._redaction = Redaction(os.environ, home_folders())
        self._command = start_command(python, launcher, threads)
        self._env = start_environment(launcher, threads)
        self._preload = preload
        self._size = workers
        self._numbers = itertools.count(1)
        self._inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._events: queue.SimpleQueue[Event | Exception] = queue.SimpleQueue()
        self._waiting: list[Underway] = []
        self._busy: dict[Worker, Underway] = {}
        self._leaving: list[threading.Thread] = []
        self._idle_since = time.monotonic()
        self._killed_starts = 0
        self._broken = False
        self._closed = False
        self._template = self._start_template(launcher)
        self._spare = [Worker(first, self._inbox) if first else self._start()]
        self._thread = threading.Thread(target=self._supervise, daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def submit(self, job: Job, rank: int = 1) -> int:
        """Run ``job`` as soon as a worker is free; returns the number of its lane.

        Of those that wait the highest ``rank`` comes first. One of 0 waits until nothing else
        runs, and leaves the spare worker to others.
        """
        number = next(self._numbers)
        self._inbox.put(_Submit(Underway(number, job, rank)))
        return number

    def resize(self, workers: int) -> None:
        """Run at most so many jobs at a time from now on; those that run go on."""
        self._size = workers
        self._inbox.put(None)  # there may be room now

    def cancel(self, lane: int) -> None:
        """Stop a lane: its block gets no result, and ``LaneEnded(lane, False)`` follows."""
        self._inbox.put(_Cancel(lane))

    def next_event(self, timeout: float | None = None) -> Event | None:
        """The next event, ``None`` after ``timeout`` seconds without one."""
        try:
            event = self._events.get(timeout=timeout)
        except queue.Empty:
            return None
        if isinstance(event, Exception):
            raise event
        return event

    def close(self) -> None:
        """Kill all workers and what they started; lanes that run get no further event."""
        if self._closed:
            return
        self._closed = True
        atexit.unregister(self.close)
        self._inbox.put(_CLOSE)
        self._thread.join()
        for thread in self._leaving:
            thread.join()

    # --- the supervisor's thread ---------------------------------------------------------------

    def _supervise(self) -> None:
        try:
            self._serve()
        except Exception as error:  # a bug of ours: it is raised where events are awaited
            self._tell(error)
        if self._template is not None:
            self._template.close()
        for worker in (*self._busy, *self._spare):
            worker.kill()

    def _serve(self) -> None:
        while True:
            try:
                message = self._inbox.get(timeout=self._patience())
            except queue.Empty:
                message = None
            if message is _CLOSE:
                return
            self._handle(message)
            self._enforce_limits()
            self._assign()

    def _tell(self, event: Event | Exception) -> None:
        self._events.put(event)
        if self._heard is not None:
            self._heard()

    def _handle(self, message: Any) -> None:
        if isinstance(message, _Submit):
            self._queue(message.lane)
        elif isinstance(message, _Cancel):
            self._stop_lane(message.number)
        elif message is not None:
            self._hear(*message)

    def _queue(self, lane: Underway) -> None:
        bisect.insort(self._waiting, lane, key=lambda other: (-other.rank, other.number))

    def _patience(self) -> float | None:
        """Seconds until something is due though nobody says anything."""
        due = [lane.deadline for lane in self._busy.values() if lane.deadline is not None]
        if self._is_idle() and not self._spare:
            due.append(self._idle_since + _STANDBY_AFTER)
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _is_idle(self) -> bool:
        """Whether a spare worker would have nothing to do for now."""
        room = len(self._busy) < self._size if self._heard else not self._busy
        return room and not (self._waiting or self._broken)

    def _start(self, preloaded: bool = True) -> Worker:
        """A fresh worker; not ``preloaded``: for a lane that must not find torch loaded."""
        if preloaded and self._template is not None and self._template.alive:
            with suppress(OSError):  # it died this moment
                return Worker(self._template.fork(), self._inbox)
        worker = Worker(start_process(self._command, self._env), self._inbox)
        if self._preload and preloaded:
            worker.send(op="preload", modules=list(self._preload))
        return worker

    def _start_template(self, launcher: tuple[str, ...]) -> Template | None:
        """Where imports are to be shared and can be. A bad interpreter is the worker's error."""
        if not self._preload:
            return None
        from .forks import Template, can_fork  # most runs need none, nor sockets

        with suppress(OSError):
            if can_fork(launcher):
                return Template(self._command, self._env, self._preload)
        return None

    def _assign(self) -> None:
        """Give waiting lanes to workers; keep a spare one where it will be needed."""
        while self._broken and self._waiting:
            self._tell(LaneEnded(self._waiting.pop(0).number, False))
        while self._waiting and len(self._busy) < (self._size if self._waiting[0].rank else 1):
            lane = self._waiting[0]
            suited = "torch" not in self._preload or "torch" in lane.job.imports
            spare = self._spare and suited and lane.rank
            worker = self._spare.pop(0) if spare else self._try_start(suited)
            if worker is None:
                return
            del self._waiting[0]
            lane.expect()
            lane.take_gpu(self._busy.values())
            self._busy[worker] = lane
            self._idle_since = time.monotonic()
            worker.send(op="job", job=encode(lane.job))
            adopt_orphans()  # not before, which saves time: one without a job leaves none
        rested = self._is_idle() and time.monotonic() - self._idle_since >= _STANDBY_AFTER
        if not self._spare and (self._waiting or rested) and (worker := self._try_start()):
            self._spare.append(worker)

    def _try_start(self, preloaded: bool = True) -> Worker | None:
        if self._broken:
            return None
        try:
            return self._start(preloaded)
        except WorkerError as error:
            self._give_up(error)
            return None

    def _give_up(self, error: WorkerError) -> None:
        """No worker can be started: say so, once and for all."""
        self._broken = True
        self._tell(error)

    # --- what workers say ----------------------------------------------------------------------

    def _hear(self, worker: Worker, said: dict[str, Any] | None) -> None:
        lane = self._busy.get(worker)
        if lane is None and worker not in self._spare:
            return  # a farewell of one that was already let go
        if said is None:
            self._bury(worker, lane)
        elif said["event"] == "ready":
            worker.ready = said
            self._killed_starts = 0
        elif lane is not None:
            self._report(worker, lane, said)

    def _report(self, worker: Worker, lane: Underway, said: dict[str, Any]) -> None:
        match said["event"]:
            case "start":
                lane.begin(said)
                worker.begins = said["begins"]
                beside = tuple(said.get("beside", ()))
                self._tell(BlockStarted(lane.number, said["id"], beside, said.get("holder", "")))
            case "output":
                lane.place = said["at"] or lane.place
                line = self._redaction.text(said["line"])
                self._tell(BlockOutput(lane.number, said["id"], line, lane.place))
            case "starved":
                lane.why = said["why"]
            case "replayed":
                lane.expect()
            case "done":
                self._finish_step(worker, lane, said)
            case "end":
                self._remove(worker)
                self._let_go(worker)
                self._tell(LaneEnded(lane.number, True))
                if lane.on_gpu:  # the next one is to find the memory that it gives back
                    self._leaving[-1].join()

    def _finish_step(self, worker: Worker, lane: Underway, said: dict[str, Any]) -> None:
        result = answered(said["result"])
        spent = bool(said["spent"]) or result.status is Status.CRASHED
        if lane.interrupted:
            self._end_lane(worker, lane, lane.stopped(result))
            return
        self._tell(lane.done(self._redaction.of(result), spent, said))
        lane.expect()
        if spent or said["over"]:
            self._end_lane(worker, lane, None)

    def _enforce_limits(self) -> None:
        now = time.monotonic()
        for worker, lane in list(self._busy.items()):
            if lane.deadline is None or now < lane.deadline:
                continue
            if lane.step is None and lane.begun:
                self._end_lane(worker, lane, None, f"it said nothing for {START_LIMIT:g} s")
            elif lane.step is None:
                self._give_up(WorkerError(why_not_begun(self._preload, START_LIMIT)))
                self._end_lane(worker, lane, None)
            elif lane.interrupted:
                self._kill_stuck(worker, lane)
            else:
                lane.interrupt()
                worker.send(op="interrupt", id=lane.step.id)

    def _kill_stuck(self, worker: Worker, lane: Underway) -> None:
        """The block did not answer the interrupt: take what it wrote and where it is."""
        partial = worker.partial_output(lane.job.notes)
        worker.dump_stack()
        worker.kill()
        self._end_lane(worker, lane, lane.stuck(worker.errors(), partial))

    def _bury(self, worker: Worker, lane: Underway | None) -> None:
        """The worker's streams ended by themselves."""
        code = worker.wait()
        partial = worker.partial_output(lane.job.notes if lane is not None else ())
        worker.kill()
        if code is not None and code < 0:
            end_orphans(self._template.pid if self._template is not None else None)
        if worker.ready is None and self._is_lost_start(worker, code):
            self._begin_again(worker, lane)
            return
        if worker.ready is None:
            self._give_up(WorkerError(why_not_started(self._command, code, worker.errors())))
        if lane is None:
            self._spare.remove(worker)
        elif lane.step is None:
            self._end_lane(worker, lane, None, lane.dead_between(code, worker.errors()))
        else:
            killed = os.name == "posix" and code == -signal.SIGKILL
            self._end_lane(worker, lane, lane.dead(code, worker.errors(), partial), spent=killed)

    def _is_lost_start(self, worker: Worker, code: int | None) -> bool:
        """Whether a worker ended before it was ready for no fault of its interpreter: its template
        died without making it, or something killed it."""
        if worker.is_fork and self._template is not None and not self._template.alive:
            return True
        self._killed_starts += 1
        return code is not None and code < 0 and self._killed_starts <= _KILLED_STARTS

    def _begin_again(self, worker: Worker, lane: Underway | None) -> None:
        """Another worker takes its place."""
        if lane is None:
            self._spare.remove(worker)
        else:
            self._remove(worker)
            self._queue(lane)

    def _stop_lane(self, number: int) -> None:
        for lane in [lane for lane in self._waiting if lane.number == number]:
            self._waiting.remove(lane)
            self._tell(LaneEnded(number, False))
        for worker, lane in list(self._busy.items()):
            if lane.number == number:
                self._end_lane(worker, lane, None)

    def _end_lane(
        self,
        worker: Worker,
        lane: Underway,
        result: Result | None,
        why: str = "",
        spent: bool = False,
    ) -> None:
        """End a lane before its last step, and its worker with it."""
        worker.kill()
        self._remove(worker)
        if result is not None:
            self._tell(lane.done(self._redaction.of(result), spent))
        self._tell(LaneEnded(lane.number, False, why))

    def _remove(self, worker: Worker) -> None:
        del self._busy[worker]
        self._idle_since = time.monotonic()

    def _let_go(self, worker: Worker) -> None:
        """What a finished worker left running is ended beside the next lane."""
        self._leaving = [thread for thread in self._leaving if thread.is_alive()]
        self._leaving.append(threading.Thread(target=worker.leave, daemon=True))
        self._leaving[-1].start()
