"""Pod templates: the entrance for workloads."""

from __future__ import annotations

from typing import Any

from wherry.api.core.podspec.annotations import validate_agreement, validate_annotations
from wherry.api.core.podspec.defaults import set_template_defaults
from wherry.api.core.podspec.validate import validate_pod_spec
from wherry.api.field import FieldError, forbidden, invalid, not_supported, required
from wherry.api.meta.labels import EVERYTHING, NOTHING, SelectorError, selector_of, validate_label_selector
from wherry.api.meta.objectmeta import validate_template_meta

Template = dict[str, Any]

ALWAYS = ("Always",)


def set_defaults(template: Template | None) -> None:
    """Fill in a template's specification."""
    if template is not None:
        set_template_defaults(template.setdefault("spec", {}))


def validate_template(template: Template, path: str, restart_policies: tuple[str, ...] = ALWAYS) -> list[FieldError]:
    """A template for pods that restart as the workload demands."""
    spec = template.get("spec") or {}
    metadata = template.get("metadata") or {}
    faults = validate_template_meta(metadata, path)  # Upstream's paths leave `metadata` out.
    if annotations := metadata.get("annotations"):
        validate_annotations(annotations, spec, path + ".annotations", faults)
        validate_agreement(annotations, spec, path + ".spec", faults)
    faults += validate_pod_spec(spec, path + ".spec")
    if spec.get("restartPolicy") not in restart_policies:
        faults = [fault for fault in faults if fault.path != path + ".spec.restartPolicy"]
        faults.append(not_supported(path + ".spec.restartPolicy", spec.get("restartPolicy") or "", restart_policies))
    if spec.get("ephemeralContainers"):
        faults.append(forbidden(path + ".spec.ephemeralContainers", "ephemeral containers not allowed in pod template"))
    return faults


def validate_selected_template(
    spec: dict[str, Any],
    path: str,
    restart_policies: tuple[str, ...] = ALWAYS,
    empty: str = "empty selector is invalid for deployment",
) -> list[FieldError]:
    """A workload's `selector` and `template`: the one must select what the other makes."""
    label_selector, template = spec.get("selector"), spec.get("template") or {}
    faults: list[FieldError] = []
    selector = NOTHING
    if label_selector is None:
        faults.append(required(path + ".selector"))
    else:
        faults += validate_label_selector(label_selector, path + ".selector")
        try:
            selector = selector_of(label_selector)
        except (SelectorError, KeyError):
            return [*faults, invalid(path + ".selector", label_selector, "invalid label selector")]
        if selector == EVERYTHING:
            faults.append(invalid(path + ".selector", label_selector, empty))
    labels = (template.get("metadata") or {}).get("labels")
    if not selector.is_everything and not selector.matches(labels):
        where = path + ".template.metadata.labels"
        faults.append(invalid(where, labels, "`selector` does not match template `labels`"))
    faults += validate_template(template, path + ".template", restart_policies)
    return faults
