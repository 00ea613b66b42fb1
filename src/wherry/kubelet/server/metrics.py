"""The kubelet's own metrics, in Prometheus' text form."""

from __future__ import annotations

import resource
from collections import Counter

from wherry.kubelet.pods.manager import PodManager


def format_metrics(pods: PodManager) -> str:
    phases = Counter(pod.status.phase or "Pending" for pod in pods.pods())
    usage = resource.getrusage(resource.RUSAGE_SELF)
    lines = [
        "# HELP kubelet_active_pods Pods that this node works on.",
        "# TYPE kubelet_active_pods gauge",
        f"kubelet_active_pods {sum(phases.values())}",
        "# HELP kubelet_pods Pods that this node works on, by phase.",
        "# TYPE kubelet_pods gauge",
        *(f'kubelet_pods{{phase="{phase}"}} {count}' for phase, count in sorted(phases.items())),
        "# HELP process_cpu_seconds_total CPU time used by this process.",
        "# TYPE process_cpu_seconds_total counter",
        f"process_cpu_seconds_total {usage.ru_utime + usage.ru_stime:.3f}",
        "# HELP process_max_resident_memory_bytes Most memory that this process has had.",
        "# TYPE process_max_resident_memory_bytes gauge",
        f"process_max_resident_memory_bytes {usage.ru_maxrss * 1024}",
    ]
    return "\n".join(lines) + "\n"
