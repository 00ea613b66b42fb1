"""Which of OpenAPI's "required" fields are really enforced.

In OpenAPI "required" says only that Go always writes the field. What upstream enforces is in its validation, and there
a missing field is its zero value. So the rule is:

- never in metadata (which has its own validation), never below a top-level `status`, and never in what core kinds are
  made of, whose validation has all of upstream's rules, with upstream's paths;
- strings, lists and maps must be there and not be empty;
- numbers, booleans, times, quantities and ports may be zero, so semantic validation alone judges them;
- a missing struct counts as an empty one, whose own requirements then apply; a pointer must be there;
- except for the fields listed here, whose zero value upstream accepts or refuses in other words.
"""

from __future__ import annotations

from wherry.api.schema.shapes import Struct

NOT_ENFORCED_IN = ("meta.v1.ObjectMeta", "core.v1.")

POINTERS = frozenset(
    {
        "meta.v1.LabelSelector",
        "networking.v1.ParentReference",
    }
)
"""Types that stand behind a pointer wherever they are required: a missing one is itself the fault."""

ACCEPTED_EMPTY = frozenset(
    {
        "authentication.v1.TokenReviewSpec.token",
        "meta.v1.GroupResource.group",
        "batch.v1.PodFailurePolicy.rules",
        "storage.v1.CSINodeSpec.drivers",
        "storage.v1.TokenRequest.audience",
    }
)

JUDGED_ELSEWHERE = frozenset(
    {
        # An operator that is not among the known ones, or a name that is no name, says upstream.
        "meta.v1.LabelSelectorRequirement.key",
        "meta.v1.LabelSelectorRequirement.operator",
        "meta.v1.FieldSelectorRequirement.key",
        "meta.v1.FieldSelectorRequirement.operator",
        "meta.v1.OwnerReference.apiVersion",
        "meta.v1.OwnerReference.kind",
        "meta.v1.OwnerReference.name",
        "meta.v1.OwnerReference.uid",
        "rbac.v1.RoleRef.kind",
        "rbac.v1.Subject.kind",
        "node.v1.RuntimeClass.handler",
        "batch.v1.PodFailurePolicyOnExitCodesRequirement.values",
        "autoscaling.v2.HPAScalingPolicy.type",
    }
)


def enforced(struct: Struct) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(fields that must be there and not be empty, structs whose absence counts as an empty one)."""
    if struct.name.startswith(NOT_ENFORCED_IN):
        return (), ()
    present, entered = [], []
    for name in struct.required:
        expression = struct.fields[name].type
        qualified = f"{struct.name}.{name}"
        if qualified in ACCEPTED_EMPTY or qualified in JUDGED_ELSEWHERE:
            continue
        if expression == "s" or expression == "y" or expression[0] in "[{" or expression[1:] in POINTERS:
            present.append(name)
        elif expression[0] == "@":
            entered.append(name)
    return tuple(present), tuple(entered)
