"""The six methods over all simulated lives: keeps them, wakes them when something is due, and tells what happened."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from wherry.api import Obj
from wherry.api.types.core_v1 import Pod
from wherry.api.types.decoding import convert, to_obj
from wherry.client import Key
from wherry.kubelet.pods import preempting
from wherry.kubelet.pods.admission import Admitted, Refused
from wherry.kubelet.pods.phase import TERMINAL
from wherry.lib.clock import Clock, Timer
from wherry.providers import Refused as NotRunnable
from wherry.providers.simulated.annotations import BadAnnotation, annotated
from wherry.providers.simulated.behaviour import Behaviour
from wherry.providers.simulated.hosts import Host
from wherry.providers.simulated.life import Life, Told
from wherry.providers.simulated.resuming import has_begun, resume

Look = Callable[[Key], Pod | None]
Tell = Callable[[Pod, Told], None]
Admit = Callable[[Pod], Awaitable[Refused | Admitted]]


class SimulatedProvider:
    """Implements `Provider` and `Notifying` for all nodes of `hosts`."""

    def __init__(
        self,
        clock: Clock,
        hosts: Mapping[str, Host],
        behave: Callable[[Pod], Behaviour],
        look: Look,
        tell: Tell,
        admit: Admit,
    ) -> None:
        """`look` finds the Pod as the API has it; `tell` records an Event about it; `admit` judges new ones."""
        self._clock = clock
        self._hosts = hosts
        self._behave = behave
        self._look = look
        self._tell = tell
        self._admit = admit
        self._lives: dict[Key, Life] = {}
        self._timers: dict[Key, Timer] = {}
        self._changed: Callable[[Key], None] = lambda key: None

    # The six methods.

    async def create_pod(self, pod: Pod) -> None:
        key, now = _key(pod), self._clock.time()
        if key in self._lives:
            return
        host = self._hosts[pod.spec.node_name or ""]
        behaviour = self._behaviour(pod)
        if has_begun(pod):
            life = resume(pod, behaviour, host, now)
            host.addresses.claim(life.ip)
        else:
            life = await self._begin(pod, behaviour, host, now)
        self._lives[key] = life
        if not life.ended:
            host.taken.add(pod)
            life.advance(pod, now)
        self._after(key, pod, life)

    async def _begin(self, pod: Pod, behaviour: Behaviour, host: Host, now: float) -> Life:
        """The life of a Pod that is new here, over at once if it is not let in."""
        answer = await self._admit(pod) if pod.metadata.deletion_timestamp is None else Admitted()
        if isinstance(answer, Refused):
            life = Life(pod, behaviour, "", host, now)
            life.condemn(pod, answer.verdict, Told("Warning", answer.reason, answer.message), now)
            return life
        for victim in answer.victims:
            self._preempt(victim)
        ip = "" if pod.spec.host_network else host.addresses.take()
        if not ip and not pod.spec.host_network:
            raise NotRunnable("failed to allocate for range 0: no IP addresses available in range set")
        return Life(pod, behaviour, ip, host, now)

    def _preempt(self, victim: Pod) -> None:
        key = _key(victim)
        life = self._lives.get(key)
        if life is not None and life.uid == victim.metadata.uid:
            why = Told("Warning", preempting.REASON, preempting.MESSAGE)
            life.condemn(victim, preempting.VERDICT, why, self._clock.time())
            self._after(key, victim, life)
            self._changed(key)

    async def update_pod(self, pod: Pod) -> None:
        key, now = _key(pod), self._clock.time()
        life = self._lives.get(key)
        if life is None or life.uid != pod.metadata.uid:
            await self.create_pod(pod)
            return
        life.reconsider(pod, now)
        if not life.ended:
            self._hosts[life.node].taken.add(pod)
        self._after(key, pod, life)

    async def delete_pod(self, pod: Pod) -> None:
        key = _key(pod)
        life = self._lives.get(key)
        if life is None:
            return
        if pod.metadata.deletion_timestamp is None or life.uid != pod.metadata.uid:
            self._drop(key, life)
            return
        life.advance(pod, self._clock.time())
        self._after(key, pod, life)

    async def get_pod(self, namespace: str, name: str) -> Pod | None:
        key = Key(namespace, name)
        life = self._lives.get(key)
        if life is None:
            return None
        pod = self._look(key)
        if pod is not None and pod.metadata.uid == life.uid:
            return pod
        return convert(Pod, {"metadata": {"namespace": namespace, "name": name, "uid": life.uid}})

    async def get_pod_status(self, namespace: str, name: str) -> Obj | None:
        key = Key(namespace, name)
        life, pod = self._lives.get(key), self._look(key)
        if life is None or pod is None or pod.metadata.uid != life.uid:
            return None
        return life.status(pod, to_obj(pod.status), (self._hosts[life.node].spec.address,))

    async def list_pods(self) -> Sequence[Pod]:
        found = [await self.get_pod(key.namespace, key.name) for key in tuple(self._lives)]
        return [pod for pod in found if pod is not None]

    # What else there is.

    def notify(self, changed: Callable[[Key], None]) -> None:
        self._changed = changed

    def expect(self, pod: Pod) -> None:
        """A Pod that ran before this process did has its room, whoever is looked at first."""
        host = self._hosts.get(pod.spec.node_name or "")
        if host is not None and has_begun(pod) and pod.status.phase not in TERMINAL:
            host.taken.add(pod)

    def wake(self, key: Key) -> None:
        """Have a Pod looked at."""
        self._changed(key)

    def life(self, key: Key) -> Life | None:
        return self._lives.get(key)

    def stop_node(self, name: str) -> None:
        """A node is switched off: what was due until now has happened, and nothing after that."""
        for key, life in self._of(name):
            pod = self._look(key)
            if pod is not None and pod.metadata.uid == life.uid:
                life.advance(pod, self._clock.time())
            self._unwind(key)

    def start_node(self, name: str, *, rebooted: bool) -> None:
        """A node is back: have all of its Pods looked at."""
        for key, life in self._of(name):
            if rebooted:
                life.reboot(self._clock.time())
            self._changed(key)

    def remove_node(self, name: str) -> None:
        """A node is no more, and what ran there is not either."""
        for key, life in self._of(name):
            self._drop(key, life)

    def close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _behaviour(self, pod: Pod) -> Behaviour:
        try:
            return annotated(pod, self._behave(pod))
        except BadAnnotation as error:
            raise NotRunnable(str(error)) from error

    def _of(self, node: str) -> list[tuple[Key, Life]]:
        return [(key, life) for key, life in self._lives.items() if life.node == node]

    def _after(self, key: Key, pod: Pod, life: Life) -> None:
        """Tell what has happened, and see to it that what comes next does."""
        told, life.told = life.told, []
        for each in told:
            self._tell(pod, each)
        self._unwind(key)
        if life.ended and (host := self._hosts.get(life.node)) is not None:
            host.taken.remove(life.uid)
        if (due := life.next_due(pod)) is not None:
            delay = max(due - self._clock.time(), 0.0)
            self._timers[key] = self._clock.call_later(delay, lambda: self._ripe(key))

    def _ripe(self, key: Key) -> None:
        self._timers.pop(key, None)
        self._changed(key)

    def _drop(self, key: Key, life: Life) -> None:
        self._unwind(key)
        del self._lives[key]
        if (host := self._hosts.get(life.node)) is not None:
            host.addresses.give_back(life.ip)
            host.taken.remove(life.uid)

    def _unwind(self, key: Key) -> None:
        if (timer := self._timers.pop(key, None)) is not None:
            timer.cancel()


def _key(pod: Pod) -> Key:
    return Key(pod.metadata.namespace, pod.metadata.name)
