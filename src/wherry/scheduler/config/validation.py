"""What a configuration may not say, in upstream's words."""

from __future__ import annotations

from collections.abc import Sequence

from wherry.api.core.resourcenames import is_extended
from wherry.api.field import FieldError, duplicate, forbidden, invalid, required
from wherry.api.meta.names import qualified_name_faults
from wherry.lib.goduration import parse_go_duration
from wherry.scheduler.config.arguments import validate_args
from wherry.scheduler.config.document import Document, ExtenderEntry, PluginSet, ProfileEntry

_GONE = ("AzureDiskLimits", "CinderLimits", "EBSLimits", "GCEPDLimits")


def validate(document: Document, version: str) -> list[FieldError]:
    """All faults of the file, after defaults."""
    faults = _validate_standing(document)
    if document.parallelism <= 0:
        faults.append(invalid("parallelism", document.parallelism, "should be an integer value greater than zero"))
    if not document.profiles:
        faults.append(required("profiles"))
    names: dict[str, int] = {}
    for number, profile in enumerate(document.profiles):
        path = f"profiles[{number}]"
        faults += _validate_profile(profile, path, version)
        name = profile.scheduler_name or ""
        if name in names:
            faults.append(duplicate(f"{path}.schedulerName", f"profiles[{names[name]}].schedulerName"))
        names[name] = number
    faults += _validate_order(document.profiles)
    faults += _percentage(document.percentage_of_nodes_to_score, "percentageOfNodesToScore")
    first, longest = document.pod_initial_backoff_seconds, document.pod_max_backoff_seconds
    if first <= 0:
        faults.append(invalid("podInitialBackoffSeconds", first, "must be greater than 0"))
    if longest < first:
        text = "must be greater than or equal to PodInitialBackoffSeconds"
        faults.append(invalid("podMaxBackoffSeconds", longest, text))
    return faults + _validate_extenders(document.extenders)


def _validate_standing(document: Document) -> list[FieldError]:
    """How the scheduler reaches the API, and takes its turn among several."""
    faults: list[FieldError] = []
    if document.client_connection.burst < 0:
        faults.append(invalid("clientConnection.burst", document.client_connection.burst, "must be non-negative"))
    election = document.leader_election
    if not election.leader_elect:
        return faults
    seconds: dict[str, float] = {}
    for name in ("leaseDuration", "renewDeadline", "retryPeriod"):
        text = getattr(election, _snake(name))
        try:
            seconds[name] = parse_go_duration(text)
        except ValueError as error:
            faults.append(invalid(f"leaderElection.{name}", text, str(error)))
        else:
            if seconds[name] < 0:
                faults.append(invalid(f"leaderElection.{name}", text, "must be greater than zero"))
    if seconds.get("leaseDuration", 0) < seconds.get("renewDeadline", 0):
        text = "LeaseDuration must be greater than RenewDeadline"
        faults.append(invalid("leaderElection.leaseDuration", election.renew_deadline, text))
    if election.resource_lock != "leases":
        text = 'resourceLock value must be "leases"'
        faults.append(invalid("leaderElection.resourceLock", election.resource_lock, text))
    return faults


def _snake(name: str) -> str:
    return "".join(f"_{one.lower()}" if one.isupper() else one for one in name)


def _validate_profile(profile: ProfileEntry, path: str, version: str) -> list[FieldError]:
    faults: list[FieldError] = []
    if not profile.scheduler_name:
        faults.append(required(f"{path}.schedulerName"))
    faults += _percentage(profile.percentage_of_nodes_to_score, f"{path}.percentageOfNodesToScore")
    gone = f'was invalid in version "v1" (KubeSchedulerConfiguration is version "{version}")'
    for point in profile.plugins.__struct_fields__:
        chosen: PluginSet = getattr(profile.plugins, point)
        for number, entry in enumerate(chosen.enabled):
            if entry.name in _GONE:
                faults.append(invalid(f"{path}.plugins.{_camel(point)}.enabled[{number}]", entry.name, gone))
    seen: set[str] = set()
    for number, config in enumerate(profile.plugin_config):
        here = f"{path}.pluginConfig[{number}]"
        if config.name in seen:
            faults.append(duplicate(here, config.name))
        seen.add(config.name)
        if config.name in _GONE:
            faults.append(invalid(here, config.name, gone))
        faults += validate_args(config.name, config.args, f"{here}.args")
    return faults


def _validate_order(profiles: Sequence[ProfileEntry]) -> list[FieldError]:
    """There is one queue, so all profiles sort it alike."""
    if not profiles:
        return []
    faults: list[FieldError] = []
    first = profiles[0].plugins.queue_sort
    if len(first.enabled) > 1:
        text = "only one queue sort plugin can be enabled"
        faults.append(invalid("profiles[0].plugins.queueSort.Enabled", len(first.enabled), text))
    name = first.enabled[0].name if first.enabled else ""
    args = next((config.args for config in profiles[0].plugin_config if name and config.name == name), None)
    text = "must be the same for all profiles"
    for number, profile in enumerate(profiles[1:], start=1):
        path, chosen = f"profiles[{number}]", profile.plugins.queue_sort
        if chosen != first:
            faults.append(invalid(f"{path}.plugins.queueSort", _names(chosen), text))
        for config in profile.plugin_config:
            if name and config.name == name and config.args != args:
                faults.append(invalid(f"{path}.pluginConfig.args", config.name, text))
    return faults


def _validate_extenders(extenders: Sequence[ExtenderEntry]) -> list[FieldError]:
    faults: list[FieldError] = []
    managed: set[str] = set()
    for number, extender in enumerate(extenders):
        path = f"extenders[{number}]"
        if extender.prioritize_verb and extender.weight <= 0:
            faults.append(invalid(f"{path}.weight", extender.weight, "must have a positive weight applied to it"))
        for at, resource in enumerate(extender.managed_resources):
            here = f"{path}.managedResources[{at}].name"
            texts = qualified_name_faults(resource.name)
            if not texts and not is_extended(resource.name):
                texts = ("is an invalid extended resource name",)
            faults += [invalid(here, resource.name, text) for text in texts]
            if resource.name in managed:
                faults.append(invalid(here, resource.name, "duplicate extender managed resource name"))
            managed.add(resource.name)
        tls = extender.tls_config
        if tls is not None and tls.insecure and (tls.ca_file or tls.ca_data):
            text = "specifying a root certificates file with the insecure flag is not allowed"
            faults.append(forbidden(f"{path}.tlsConfig", text))
        if extender.http_timeout:
            try:
                parse_go_duration(extender.http_timeout)
            except ValueError as error:
                faults.append(invalid(f"{path}.httpTimeout", extender.http_timeout, str(error)))
    binders = sum(bool(extender.bind_verb) for extender in extenders)
    if binders > 1:
        found = f"found {binders} extenders implementing bind"
        faults.append(invalid("extenders", found, "only one extender can implement bind"))
    return faults


def _percentage(share: int | None, path: str) -> list[FieldError]:
    return [] if share is None or 0 <= share <= 100 else [invalid(path, share, "not in valid range [0-100]")]


def _names(chosen: PluginSet) -> str:
    return ", ".join(entry.name for entry in chosen.enabled)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
