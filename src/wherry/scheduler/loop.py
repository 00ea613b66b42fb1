"""The scheduler at work: informers fill the queue and the cluster, short turns decide, bindings are written behind.

A decision is taken at once and assumed; its binding is written by a task while the next Pod is already being placed, so
that many bindings share one commit of the store. Nothing runs while no Pod wants a node. That a Pod is gone, or has a
node already, or that a node went away meanwhile are normal results: the assumption is taken back, and who is left over
is tried again.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Sequence

from msgspec import Struct

from wherry.api.core.pod import PODS
from wherry.api.errors import ApiError, NotFound
from wherry.api.features import DEFAULTS, Features, Gate
from wherry.api.policy.poddisruptionbudget import PODDISRUPTIONBUDGETS
from wherry.api.types.core_v1 import Pod
from wherry.api.types.policy_v1 import PodDisruptionBudget
from wherry.client import Client
from wherry.lib.clock import Clock
from wherry.lib.tasks import Tasks
from wherry.reconcile.controller import EventSink
from wherry.scheduler import writes
from wherry.scheduler.binding import Binding, ask_permission, release
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.configuration import Configuration, make_planners, make_profiles
from wherry.scheduler.consulting import Consultants
from wherry.scheduler.evicting import Eviction, Evictions
from wherry.scheduler.extending import Extender, ExtenderError
from wherry.scheduler.model import Ask, PodInfo
from wherry.scheduler.nominations import Nominations
from wherry.scheduler.permitting import WaitingPods
from wherry.scheduler.plan import NO_NODES, Placement, Planner, Unfit
from wherry.scheduler.preemption import Candidate, Hopeless, Scene, budget, candidates, choose
from wherry.scheduler.queue import Place, Queue
from wherry.scheduler.rules import PLACED_POD, Action, Handle, Hold, HoldLost, Promise, Refusal, Rejection, Unjudged
from wherry.scheduler.table import Verdict
from wherry.scheduler.telling import News, Telling
from wherry.scheduler.watching import Watching

log = logging.getLogger(__name__)

_NO_STATE = "not found"
"""What upstream's plugin says that was not asked about the Pod; and then nobody else is asked to help it."""
_TURN_SECONDS = 0.005
_TURN_PODS = 64
_NOT_THERE = Hopeless("", clears=True)
"""There is no node, or not the one that was chosen: nothing is promised, and nobody is asked to make room."""
_NORMAL = (ApiError, ConnectionError, TimeoutError, ExtenderError, HoldLost, Rejection)
"""What may happen to a binding without anything being wrong with the scheduler."""
_LONGEST_NOTE = 1024
_ENDED = ("Succeeded", "Failed")


class Counters(Struct):
    """What `/metrics` tells of the scheduler: attempts by result, and preemptions."""

    scheduled: int = 0
    unschedulable: int = 0
    error: int = 0
    preemption_attempts: int = 0
    preemption_victims: int = 0


class Scheduler:
    """Places the Pods that name one of its profiles in `spec.schedulerName`."""

    def __init__(
        self,
        client: Client,
        clock: Clock,
        chance: random.Random,
        events: EventSink,
        configuration: Configuration | None = None,
        features: Features = DEFAULTS,
    ) -> None:
        configuration = configuration or Configuration()
        self._client = client
        self._clock = clock
        self._chance = chance
        self._events = events
        self._cluster = Cluster()
        self._nominations = Nominations()
        self._tasks = Tasks("scheduler")
        self._waiting = WaitingPods()
        handle = Handle(
            client,
            clock,
            chance,
            self._cluster,
            features,
            behind=self._tasks.spawn,
            waiting=self._waiting,
            activate=lambda uid: self.queue.activate(uid),
            retry=self._retry_waiting,
            note=lambda pod, reason, message: self._event(pod, "Normal", reason, message),
        )
        self._profiles = make_profiles(configuration, handle)
        self._planners = make_planners(configuration, self._profiles, self._cluster, self._nominations)
        self._pods = client.informer(PODS, Pod)
        self._telling = Telling(client, clock, self._tasks, self._current, lambda uid: self.queue.remove(uid))
        self._consultants = Consultants(
            client, self._cluster, [Extender(one, clock) for one in configuration.extenders]
        )
        self._is_consulting = False
        self._last_hopeless: tuple[Unfit, Ask, Hopeless] | None = None
        self._budgets = client.informer(PODDISRUPTIONBUDGETS, PodDisruptionBudget)
        self._evictions = Evictions(client, self._pods, clock, events, self._waiting, lambda: self.queue)
        self.queue = Queue(
            clock,
            self._ready,
            self._profiles,
            configuration.backoff,
            self._evictions.gate,
            is_eager=features.has(Gate.SCHEDULER_POP_FROM_BACKOFF),
        )
        self.counters = Counters()
        profiles = frozenset(self._planners)
        self._watching = Watching(self._cluster, self._nominations, self.queue, profiles, self._waiting.reject)
        self._start = 0
        self._turn_is_due = False
        self._closed = False

    async def start(self) -> None:
        """Begin to follow nodes and Pods, and what plugins look at; returns once all are known."""
        await self._budgets.wait_synced()
        sources = {hint.source.name: hint.source for profile in self._profiles for hint in profile.all_hints()}
        await self._watching.start(self._client, sources.values())

    async def close(self) -> None:
        self._closed = True
        self.queue.close()
        await self._evictions.close()
        await self._tasks.close()
        await self._consultants.close()

    def _ready(self) -> None:
        if not self._turn_is_due and not self._closed and not self._is_consulting:
            self._turn_is_due = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        """Place Pods for a few milliseconds, then let others run."""
        self._turn_is_due = False
        until = self._clock.monotonic() + _TURN_SECONDS
        for _ in range(_TURN_PODS):
            pod = self.queue.pop()
            if pod is None:
                return
            if pod.is_terminating:
                self.queue.remove(pod.uid)
                self._event(pod, "Warning", "FailedScheduling", f"skip schedule deleting pod: {pod.key}")
                continue
            if self._consultants.care_for(pod):
                self._is_consulting = True
                self._tasks.spawn(self._consult(pod))
                return
            self._decide(pod)
            if self._clock.monotonic() > until:
                break
        self._ready()

    def _decide(self, pod: PodInfo) -> None:
        planner = self._planners[pod.ask.scheduler_name]
        try:
            answer = planner.place(pod, self._chance, self._start)
            if isinstance(answer, Unfit):
                words, promise = _last_resorts(pod, answer, planner)
                self._explain(pod, answer, promise or self._candidates(pod, answer, planner, words), words)
            else:
                self._start += answer.asked
                self._take(pod, answer)
        except Exception as error:  # A plugin is not ours to trust.
            if not isinstance(error, Unjudged):
                log.exception("deciding on %s failed", pod.key)
            self._fail(pod, str(error))

    async def _consult(self, pod: PodInfo) -> None:
        """As `_decide`, with extenders, while no other Pod is decided on."""
        planner = self._planners[pod.ask.scheduler_name]
        try:
            answer = await self._consultants.place(pod, planner, self._chance, self._start)
            if self.queue.place(pod.uid) is not Place.IN_FLIGHT:
                pass  # It went away, or was bound by somebody else, in the meantime.
            elif isinstance(answer, Unfit):
                words, promise = _last_resorts(pod, answer, planner)
                found = promise or self._candidates(pod, answer, planner, words)
                if isinstance(found, list):
                    found = await self._consultants.preempt(pod, found)
                if self.queue.place(pod.uid) is Place.IN_FLIGHT:
                    self._explain(pod, answer, found, words)
            else:
                self._start += answer.asked
                self._take(pod, answer)
        except NotFound:
            self.queue.remove(pod.uid)
        except Exception as error:
            if not isinstance(error, (ExtenderError, Unjudged)):
                log.exception("deciding on %s failed", pod.key)
            self._fail(pod, str(error))
        finally:
            self._is_consulting = False
            self._ready()

    def _take(self, pod: PodInfo, placement: Placement) -> None:
        """Assume what was decided, hold what the Pod needs there, and have it written."""
        node = self._cluster.node(placement.node)
        assert node is not None
        profile = self._planners[pod.ask.scheduler_name].profile
        holds: list[tuple[str, Hold]] = []
        denial: Verdict | None = None
        try:
            for plugin, reserve in placement.reserves:
                held = reserve(node)
                if isinstance(held, Refusal):
                    denial = Verdict(plugin, held)
                    break
                if held is not None:
                    holds.append((plugin, held))
            self._cluster.set_pod(pod, placement.node)
            if denial is None:
                denial = ask_permission(profile, pod, placement.node, self._waiting, self._clock)
        except Exception:
            self._drop(pod, holds)
            raise
        if denial is not None:
            self._drop(pod, holds)
            self._explain(pod, _rejected(denial.refusal, denial.plugin), _NOT_THERE)
            return
        self._watching.binding.add(pod.uid)
        self._nominations.remove(pod.uid)
        self._tasks.spawn(self._bind(Binding(pod, placement.node, holds, profile)))

    def _drop(self, pod: PodInfo, holds: Sequence[tuple[str, Hold]]) -> None:
        """What was assumed a moment ago is not to be."""
        release(holds)
        self._cluster.remove_pod(pod.uid)

    async def _bind(self, binding: Binding) -> None:
        pod = binding.pod
        try:
            await self._telling.over(pod.uid)
            await binding.write(self._client, self._current(pod), self._waiting, self._consultants)
        except asyncio.CancelledError:
            release(binding.holds)
            raise
        except Exception as error:
            self._watching.binding.discard(pod.uid)
            current = self._current(pod)
            if current is not None and current.spec.node_name == binding.node:
                self.queue.remove(pod.uid)  # It was bound all the same: by us, if only the answer was lost.
            else:
                release(binding.holds)
                self._take_back(pod, current, error, binding)
        else:
            self._watching.binding.discard(pod.uid)
            self.counters.scheduled += 1
            self.queue.remove(pod.uid)
            self._event(pod, "Normal", "Scheduled", f"Successfully assigned {pod.key} to {binding.node}", "Binding")
            binding.tell()
        finally:
            self._waiting.remove(pod.uid)

    def _take_back(self, pod: PodInfo, current: Pod | None, error: Exception, binding: Binding) -> None:
        """A binding failed. What the Pod is now decides whether it is tried again."""
        if not isinstance(error, _NORMAL):
            log.error("binding %s failed", pod.key, exc_info=error)
        if current is None or current.metadata.deletion_timestamp is not None or current.spec.node_name:
            self.queue.remove(pod.uid)
        else:
            self._watching.on_pending(None, current)  # Its changes were not looked at while it was being bound.
            if isinstance(error, Rejection):
                self._explain(pod, _rejected(error.refusal, binding.plugin), _NOT_THERE)
            else:
                self._fail(pod, binding.why(error))
        if (current is None or not current.spec.node_name) and self._cluster.remove_pod(pod.uid) is not None:
            self.queue.changed(PLACED_POD, Action.DELETE, pod, None, but=pod.uid)

    def _fail(self, pod: PodInfo, message: str) -> None:
        self.counters.error += 1
        self._nominations.remove(pod.uid)
        self.queue.retry(pod.uid)
        self._event(pod, "Warning", "FailedScheduling", message)
        self._telling.say(News(pod, message, writes.ERROR, ""))

    def _retry_waiting(self, uid: str) -> None:
        if self.queue.place(uid) is Place.WAITING:
            self.queue.retry(uid)

    def _explain(
        self,
        pod: PodInfo,
        unfit: Unfit,
        found: list[Candidate] | Hopeless | Promise | None,
        words: Sequence[str] = (),
    ) -> None:
        """The Pod fits nowhere: say why, and make room for it if there are candidates."""
        self.counters.unschedulable += 1
        nominated = None
        if isinstance(found, Hopeless):
            words = [*words, f"preemption: {found.message}"] if found.message else words
            nominated = "" if found.clears else None
        elif isinstance(found, Promise):
            nominated = found.node
        elif found:
            nominated = self._preempt(pod, choose(found))
            words = ()
        elif found is not None:
            words = [*words, "preemption: no candidate node for preemption"]
        message = f"{unfit.message} {', '.join(words)}" if words else unfit.message
        if nominated:
            self._nominations.set(pod, nominated)
        elif nominated is not None:
            self._nominations.remove(pod.uid)
        self.queue.refuse(pod.uid, unfit.plugins)
        self._event(pod, "Warning", "FailedScheduling", message)
        self._telling.say(News(pod, message, writes.UNSCHEDULABLE, nominated))

    def _candidates(
        self, pod: PodInfo, unfit: Unfit, planner: Planner, words: Sequence[str]
    ) -> list[Candidate] | Hopeless | None:
        """Where eviction would help; None where there is none to speak of."""
        settings = planner.profile.preemption
        if unfit.message == NO_NODES:
            return _NOT_THERE
        if settings is None and not planner.profile.last_resorts:
            return _NOT_THERE  # Nobody in this profile could have promised anything.
        if settings is None or _NO_STATE in words:
            return None
        self.counters.preemption_attempts += 1
        known = self._last_hopeless
        if known is not None and known[0] is unfit and known[1] is pod.ask and not self._nominations:
            return known[2]  # Equal Pods that fit nowhere come in hundreds.
        scene = Scene(self._cluster, self._nominations, settings, self._chance)
        budgets = [one for view in self._budgets.list() if (one := budget(view)) is not None]
        found = candidates(pod, unfit, planner, budgets, scene)
        self._last_hopeless = (unfit, pod.ask, found) if isinstance(found, Hopeless) else None
        return found

    def _preempt(self, pod: PodInfo, chosen: Candidate) -> str:
        """Begin to evict; returns the node on which there will be room."""
        self.counters.preemption_victims += len(chosen.victims)
        losers = [one for one in self._nominations.on(chosen.node) if one.ask.priority < pod.ask.priority]
        for loser in losers:
            self._nominations.remove(loser.uid)
        self._evictions.start(Eviction(pod, chosen, losers))
        return chosen.node

    def _event(self, pod: PodInfo, type: str, reason: str, message: str, action: str = "Scheduling") -> None:
        if (current := self._pods.get(pod.key)) is not None:
            self._events.event(current, type, reason, _shortened(message), action=action)

    def _current(self, pod: PodInfo) -> Pod | None:
        """What the Pod is now, unless it is gone."""
        current = self._pods.get(pod.key)
        return current if current is not None and current.metadata.uid == pod.uid else None


def _last_resorts(pod: PodInfo, unfit: Unfit, planner: Planner) -> tuple[list[str], Promise | None]:
    """What plugins do for a Pod that fits nowhere, in their words; or what one of them promises."""
    words: list[str] = []
    if unfit.message == NO_NODES:
        return words, None
    for resort in planner.profile.last_resorts:
        if unfit.everywhere is not None and unfit.plugins & resort.before:
            return [_NO_STATE], None
        done = resort.ask(pod)
        if isinstance(done, Promise):
            return [], done
        words.append(done)
    return words, None


def _shortened(message: str) -> str:
    return message if len(message) <= _LONGEST_NOTE else f"{message[: _LONGEST_NOTE - 4]} ..."


def _rejected(refusal: Refusal, plugin: str) -> Unfit:
    """The one node that was chosen does not do after all."""
    reasons = ", ".join(sorted(f"1 {reason}" for reason in refusal.reasons))
    return Unfit(f"0/1 nodes are available: {reasons}.", frozenset((plugin,)))
