"""From the file to what a scheduler is told to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import yaml

from wherry.lib.goduration import parse_go_duration
from wherry.scheduler.catalog import PLUGINS, WEIGHTS
from wherry.scheduler.config.document import Document, ExtenderEntry, ProfileEntry
from wherry.scheduler.config.points import enabled, everywhere, explicit
from wherry.scheduler.config.shapes import ARGS
from wherry.scheduler.config.strict import decode, strict_error, unknown_fields
from wherry.scheduler.config.validation import validate
from wherry.scheduler.configuration import Configuration, ExtenderSettings, ProfileSettings, TlsSettings
from wherry.scheduler.profile import DEFAULT_NAME
from wherry.scheduler.queue import Backoff
from wherry.scheduler.rules import Make

GROUP_VERSION, KIND = "kubescheduler.config.k8s.io/v1", "KubeSchedulerConfiguration"


class ConfigurationError(Exception):
    """The file cannot be used; says all that is wrong with it."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__(faults[0] if len(faults) == 1 else f"[{', '.join(faults)}]")


def read_configuration(data: bytes, plugins: Mapping[str, Make] | None = None) -> Configuration:
    """Judge the file and carry it over; `plugins` are there beside ours. Raises ConfigurationError."""
    document = _with_defaults(_decode(data))
    faults = [str(fault) for fault in validate(document, GROUP_VERSION)]
    if not faults:
        faults = [text for profile in document.profiles for text in _unknown(profile, plugins or {})]
    if faults:
        raise ConfigurationError(faults)
    extenders = tuple(_extender(entry) for entry in document.extenders)
    ignored = [one.name for entry in document.extenders for one in entry.managed_resources if one.ignored_by_scheduler]
    return Configuration(
        profiles=tuple(_profile(entry, ignored) for entry in document.profiles),
        percentage=document.percentage_of_nodes_to_score or 0,
        backoff=Backoff(document.pod_initial_backoff_seconds, document.pod_max_backoff_seconds),
        plugins=plugins or {},
        extenders=extenders,
    )


def _decode(data: bytes) -> Document:
    try:
        found = yaml.load(data, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    except yaml.YAMLError as error:
        raise ConfigurationError([f"error converting YAML to JSON: {error}"]) from error
    if not isinstance(found, dict):
        raise ConfigurationError(["the file holds no object"])
    version, kind = found.get("apiVersion"), found.get("kind")
    if (version, kind) != (GROUP_VERSION, KIND):
        raise ConfigurationError([f'no kind "{kind}" is registered for version "{version}"'])
    found = _without_nulls(found)
    try:
        document = decode(found, Document, KIND)
        if unknown := [f'unknown field "{path}"' for path in unknown_fields(found, Document)]:
            raise ValueError(strict_error(unknown))
        _decode_args(document)
    except ValueError as error:
        raise ConfigurationError([str(error)]) from error
    return document


def _decode_args(document: Document) -> None:
    """The args of upstream's plugins are objects of their own."""
    strict: list[str] = []
    for number, profile in enumerate(document.profiles):
        for at, config in enumerate(profile.plugin_config):
            if config.name not in ARGS:
                continue
            here, of_plugin = f"decoding .profiles[{number}].pluginConfig[{at}]: ", f"args for plugin {config.name}"
            wanted, kind = f"{config.name}Args", config.args.get("kind", f"{config.name}Args")
            if kind != wanted:
                group = GROUP_VERSION.split("/")[0]
                raise ValueError(f"{here}{of_plugin} were not of type {wanted}.{group}, got {kind}.{group}")
            try:
                decode(config.args, ARGS[config.name], wanted)
            except ValueError as error:
                raise ValueError(f"{here}decoding {of_plugin}: {error}") from error
            unknown = [f'unknown field "{path}"' for path in unknown_fields(config.args, ARGS[config.name])]
            if unknown:
                strict.append(here + strict_error([f"decoding {of_plugin}: {strict_error(unknown)}"]))
    if strict:
        raise ValueError(strict_error(strict))


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _with_defaults(document: Document) -> Document:
    """One profile, of the default name, unless something else is said."""
    profiles = document.profiles or (ProfileEntry(),)
    if len(profiles) == 1 and profiles[0].scheduler_name is None:
        profiles = (msgspec.structs.replace(profiles[0], scheduler_name=DEFAULT_NAME),)
    return msgspec.structs.replace(document, profiles=profiles)


def _unknown(profile: ProfileEntry, plugins: Mapping[str, Make]) -> list[str]:
    """Names of plugins that nobody has."""
    known = (*PLUGINS, *plugins)
    chosen = [getattr(profile.plugins, point).enabled for point in profile.plugins.__struct_fields__]
    names = dict.fromkeys(entry.name for entries in chosen for entry in entries)
    return [f'plugin "{name}" does not exist' for name in names if name not in known]


def _profile(entry: ProfileEntry, ignored: Sequence[str]) -> ProfileSettings:
    plugins = entry.plugins
    multi = everywhere(plugins.multi_point, {name: WEIGHTS.get(name, 1) for name in PLUGINS})
    args: dict[str, Mapping[str, Any]] = {config.name: config.args for config in entry.plugin_config}
    if ignored:
        fit = dict(args.get("NodeResourcesFit", {}))
        args["NodeResourcesFit"] = fit | {"ignoredResources": [*fit.get("ignoredResources", ()), *ignored]}
    filters = enabled(plugins.filter, multi)
    for early in (plugins.pre_filter, plugins.reserve, plugins.pre_bind):
        filters |= {one.name: 1 for one in early.enabled}
    return ProfileSettings(
        name=entry.scheduler_name or DEFAULT_NAME,
        filters=tuple(filters),
        scores=enabled(plugins.score, multi) | {one.name: one.weight or 1 for one in plugins.pre_score.enabled},
        gates=tuple(enabled(plugins.pre_enqueue, multi)),
        preemption=tuple(enabled(plugins.post_filter, multi)),
        order=tuple(enabled(plugins.queue_sort, multi)),
        permits=tuple(enabled(plugins.permit, multi)),
        binders=tuple(enabled(plugins.bind, multi)),
        post_binds=tuple(enabled(plugins.post_bind, multi)),
        explicit=explicit(plugins),
        args=args,
        percentage=entry.percentage_of_nodes_to_score,
    )


def _extender(entry: ExtenderEntry) -> ExtenderSettings:
    tls = entry.tls_config
    return ExtenderSettings(
        url=entry.url_prefix.rstrip("/"),
        filter_verb=entry.filter_verb,
        prioritize_verb=entry.prioritize_verb,
        preempt_verb=entry.preempt_verb,
        bind_verb=entry.bind_verb,
        weight=entry.weight,
        timeout=parse_go_duration(entry.http_timeout) if entry.http_timeout else 5.0,
        has_nodes=entry.node_cache_capable,
        resources=frozenset(one.name for one in entry.managed_resources),
        is_ignorable=entry.ignorable,
        tls=TlsSettings(**{name: getattr(tls, name) for name in tls.__struct_fields__}) if tls is not None else None,
        is_https=entry.enable_https,
    )
