"""VolumeAttachments: the wish to have a volume at a node, and whether it is there."""

from __future__ import annotations

from wherry.api.meta.columns import AGE, NAME, boolean, text
from wherry.api.resource import STATUS, Column, Resource, Scope
from wherry.api.schema import schema

VOLUMEATTACHMENTS = Resource(
    group="storage.k8s.io",
    version="v1",
    kind="VolumeAttachment",
    plural="volumeattachments",
    schema=schema("storage.k8s.io/v1", "VolumeAttachment"),
    scope=Scope.CLUSTER,
    subresources=(STATUS,),
    unconditional_update=False,
    columns=(
        NAME,
        Column("Attacher", text("spec.attacher"), format="name"),
        Column("PV", text("spec.source.persistentVolumeName")),
        Column("Node", text("spec.nodeName")),
        Column("Attached", boolean("status.attached"), "boolean"),
        AGE,
    ),
    returns_deleted=True,
)
