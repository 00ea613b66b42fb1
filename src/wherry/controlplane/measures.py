"""What `/metrics` tells beyond the API server's own: process, store, work queues, scheduler.

Each of them counts for itself; nothing here runs until somebody looks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wherry.api.features import Features
from wherry.lib.metrics import Family, Sample
from wherry.reconcile.loop import Loops
from wherry.scheduler.loop import Scheduler
from wherry.store import Measured, Store


def store_families(store: Store) -> Iterator[Family]:
    """Commits and size of a store that counts them."""
    if not isinstance(store, Measured):
        return
    commits = store.commits
    yield _counter("wherry_store_commits_total", "Groups of writes made durable together.", commits.groups)
    yield _counter("wherry_store_writes_total", "Writes in those groups.", commits.writes)
    yield _counter("wherry_store_commit_seconds_total", "Time spent committing, the disk included.", commits.seconds)
    size = Sample(("wherry-0",), store.size())
    yield Family(
        "apiserver_storage_size_bytes", "Size of the database's files.", "gauge", ("storage_cluster_id",), [size]
    )


def feature_family(features: Features) -> Family:
    """Which features there are, and whether they are on."""
    samples = [Sample((name, stage.value), int(is_on)) for name, stage, is_on in features.states()]
    text = "[BETA] This metric records the data about the stage and enablement of a k8s feature."
    return Family("kubernetes_feature_enabled", text, "gauge", ("name", "stage"), samples)


_QUEUES = {
    "workqueue_adds_total": ("counter", "Keys added to the queue of a controller."),
    "workqueue_retries_total": ("counter", "Keys added again after a failure."),
    "workqueue_depth": ("gauge", "Keys that wait."),
    "workqueue_work_duration_seconds_sum": ("counter", "Time that a controller has worked."),
    "workqueue_work_duration_seconds_count": ("counter", "How often a controller has worked."),
}


def queue_families(loops: Loops) -> Iterable[Family]:
    """The work queues of all controllers."""
    samples: dict[str, list[Sample]] = {name: [] for name in _QUEUES}
    for metric, controller, number in loops.samples():
        samples[metric].append(Sample((controller,), number))
    return [Family(name, text, kind, ("name",), samples[name]) for name, (kind, text) in _QUEUES.items()]


_PLACES = {"active": "active", "waiting": "unschedulable", "backing off": "backoff", "gated": "gated"}


def scheduler_families(scheduler: Scheduler) -> Iterator[Family]:
    """Attempts by their result, and who waits where."""
    counters = scheduler.counters
    yield Family(
        "scheduler_schedule_attempts_total",
        "Attempts to place a Pod, by result.",
        "counter",
        ("result",),
        [
            Sample(("scheduled",), counters.scheduled),
            Sample(("unschedulable",), counters.unschedulable),
            Sample(("error",), counters.error),
        ],
    )
    attempts, victims = counters.preemption_attempts, counters.preemption_victims
    yield _counter("scheduler_preemption_attempts_total", "Attempts to make room for a Pod.", attempts)
    yield _counter("scheduler_preemption_victims_total", "Pods that were evicted to make room.", victims)
    pending = [Sample((_PLACES[place],), number) for place, number in scheduler.queue.counts().items()]
    yield Family("scheduler_pending_pods", "Pods that want a node, by where they wait.", "gauge", ("queue",), pending)


def _counter(name: str, help: str, number: float) -> Family:
    return Family(name, help, "counter", (), (Sample((), number),))
