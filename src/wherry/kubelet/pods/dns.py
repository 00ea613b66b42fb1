"""What a pod's /etc/resolv.conf says, and its host name. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from wherry.api.types.core_v1 import Pod
from wherry.kubelet.runtime.model import DnsConfig

MAX_SERVERS = 3
MAX_SEARCHES = 32
MAX_HOSTNAME = 63


class ClusterDns(Struct, frozen=True):
    """The cluster's DNS; without servers, pods that ask for it get the host's."""

    servers: tuple[str, ...] = ()
    domain: str = "cluster.local"


def parse_resolv_conf(text: str) -> DnsConfig:
    """The host's own settings."""
    servers: list[str] = []
    searches: list[str] = []
    options: list[str] = []
    for line in text.splitlines():
        words = line.split("#")[0].split(";")[0].split()
        match words:
            case ["nameserver", server, *_]:
                servers.append(server)
            case ["search", *names]:
                searches = names
            case ["domain", name, *_]:
                searches = searches or [name]
            case ["options", *given]:
                options = given
    return DnsConfig(tuple(servers), tuple(searches), tuple(options))


def pod_dns(pod: Pod, cluster: ClusterDns, host: DnsConfig) -> DnsConfig:
    """The settings that a pod's dnsPolicy and dnsConfig ask for."""
    spec = pod.spec
    policy = spec.dns_policy or "ClusterFirst"
    in_cluster = policy == "ClusterFirstWithHostNet" or (policy == "ClusterFirst" and not spec.host_network)
    if policy == "None":
        found = DnsConfig()
    elif in_cluster and cluster.servers:
        found = DnsConfig(cluster.servers, (*_cluster_searches(pod, cluster), *host.searches), ("ndots:5",))
    else:
        found = host
    if (extra := spec.dns_config) is not None:
        given = [f"{each.name}:{each.value}" if each.value else each.name or "" for each in extra.options]
        found = DnsConfig(
            _unique((*found.servers, *extra.nameservers)),
            _unique((*found.searches, *extra.searches)),
            _merge_options(found.options, given),
        )
    return DnsConfig(found.servers[:MAX_SERVERS], found.searches[:MAX_SEARCHES], found.options)


def hostname(pod: Pod) -> str:
    if pod.spec.hostname_override:
        return pod.spec.hostname_override
    return pod.spec.hostname or pod.metadata.name[:MAX_HOSTNAME].rstrip("-.")


def full_hostname(pod: Pod, cluster: ClusterDns) -> tuple[str, str]:
    """(short name, domain); the domain is "" unless the pod has a subdomain."""
    subdomain = pod.spec.subdomain
    if not subdomain or pod.spec.hostname_override:
        return hostname(pod), ""
    return hostname(pod), f"{subdomain}.{pod.metadata.namespace}.svc.{cluster.domain}"


def hosts_file(pod: Pod, ips: Iterable[str], cluster: ClusterDns) -> str:
    """The /etc/hosts that pods of the pod network get."""
    lines = [
        "# Kubernetes-managed hosts file.",
        "127.0.0.1\tlocalhost",
        "::1\tlocalhost ip6-localhost ip6-loopback",
        "fe00::0\tip6-localnet",
        "fe00::0\tip6-mcastprefix",
        "fe00::1\tip6-allnodes",
        "fe00::2\tip6-allrouters",
    ]
    name, domain = full_hostname(pod, cluster)
    names = f"{name}.{domain}\t{name}" if domain else name
    lines += [f"{ip}\t{names}" for ip in ips]
    return "\n".join(lines) + "\n" + _aliases(pod)


def host_network_hosts_file(pod: Pod, own: str) -> str:
    """The host's own file, for pods on its network, with the pod's aliases."""
    head = "# Kubernetes-managed hosts file (host network).\n"
    return head + own.rstrip("\n") + "\n" + _aliases(pod)


def _aliases(pod: Pod) -> str:
    if not pod.spec.host_aliases:
        return ""
    lines = [f"{alias.ip}\t" + "\t".join(alias.hostnames) for alias in pod.spec.host_aliases]
    return "\n# Entries added by HostAliases.\n" + "\n".join(lines) + "\n"


def _cluster_searches(pod: Pod, cluster: ClusterDns) -> tuple[str, ...]:
    if not cluster.domain:
        return ()
    return (f"{pod.metadata.namespace}.svc.{cluster.domain}", f"svc.{cluster.domain}", cluster.domain)


def _merge_options(base: Iterable[str], extra: Iterable[str]) -> tuple[str, ...]:
    merged = {option.partition(":")[0]: option for option in (*base, *extra)}
    return tuple(merged.values())


def _unique(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))
