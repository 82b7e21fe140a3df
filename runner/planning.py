"""What is asked of a plan: the user's wish, the vault's settings, the machine's devices."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from .devices import choose
from .graph import Graph
from .keeping import known
from .plan import Plan, Request, Stored, plan
from .resolve import Key
from .wish import Wish
from .workers import Conditions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .cache import Results
    from .settings import Settings
    from .world import World


class Planner:
    """Plans for the notes of one vault, one a device."""

    def __init__(self, settings: Settings, world: World, store: Results) -> None:
        self._settings = settings
        self._world = world
        self._store = store
        self._devices = world.interpreter.devices()

    def devices(self, wish: Wish) -> tuple[str, ...]:
        """The devices to run on, the first one for all blocks. Raises ``DeviceError``."""
        return choose(wish.device or self._settings.device or "auto", self._devices)

    def conditions(self) -> Conditions:
        """What blocks run under where they say nothing else."""
        return Conditions.now(self._settings, ",".join(self.devices(Wish())), self._devices)

    def plan(
        self, graph: Graph, wish: Wish, scope: Collection[str], running: Collection[Key] = ()
    ) -> dict[str, Plan]:
        """Plans in the order asked for; ``running`` blocks are left to another run."""

        def results(device: str) -> Mapping[Key, Stored]:
            return known(self._store, self._world, graph, scope, device)

        return self._plans(graph, wish, scope, results, running)

    def plan_anew(self, graph: Graph, wish: Wish, scope: Collection[str]) -> dict[str, Plan]:
        """Plans as if no result were known: unlike a forced run it takes checkpoints."""
        return self._plans(graph, wish, scope, lambda _: {})

    def _plans(
        self,
        graph: Graph,
        wish: Wish,
        scope: Collection[str],
        results: Callable[[str], Mapping[Key, Stored]],
        running: Collection[Key] = (),
    ) -> dict[str, Plan]:
        devices = self.devices(wish)
        return {
            device: plan(
                graph, results(device), self.request(wish, scope, device, devices[0], running)
            )
            for device in devices
        }

    def request(
        self,
        wish: Wish,
        scope: Collection[str],
        device: str,
        first: str,
        running: Collection[Key] = (),
    ) -> Request:
        """What is wanted on ``device``; all but the ``first`` run tests alone."""
        return Request(
            scope=frozenset(scope),
            device=device,
            devices=self._devices,
            force=wish.force,
            slow=wish.slow,
            select=wish.select,
            timeout=wish.timeout or self._settings.timeout,
            tests_only=device != first,
            running=running,
        )
