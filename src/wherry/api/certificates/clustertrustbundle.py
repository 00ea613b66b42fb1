"""ClusterTrustBundles: root certificates that pods can mount."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.certificates import pem
from wherry.api.certificates.signername import validate_signer_name
from wherry.api.field import FieldError, invalid, too_long
from wherry.api.meta.columns import NAME, NONE, text
from wherry.api.meta.names import subdomain_name
from wherry.api.meta.objectmeta import IMMUTABLE
from wherry.api.resource import Column, Resource, Scope
from wherry.api.schema import schema

_BUNDLE = "spec.trustBundle"
_MAX_BUNDLE = 1024 * 1024
_OMITTED = "<value omitted>"


def validate_create(bundle: Obj) -> list[FieldError]:
    spec = bundle.get("spec") or {}
    signer = spec.get("signerName") or ""
    faults: list[FieldError] = []
    for key, is_prefix in (("generateName", True), ("name", False)):
        if name := bundle["metadata"].get(key):
            faults += [invalid(f"metadata.{key}", name, why) for why in _name_faults(name, is_prefix, signer)]
    if signer:
        faults += validate_signer_name(signer, "spec.signerName")
    return faults + _validate_bundle(spec.get("trustBundle") or "")


def _name_faults(name: str, is_prefix: bool, signer: str) -> tuple[str, ...]:
    """A bundle for a signer begins with the signer's name, so that rights can be given for all of them."""
    if not signer:
        if ":" in name:
            return ('ClusterTrustBundle without signer name must not have ":" in its name',)
        return tuple(subdomain_name(name, is_prefix))
    prefix = signer.replace("/", ":") + ":"
    if not name.startswith(prefix):
        return (f"ClusterTrustBundle for signerName {signer} must be named with prefix {prefix}",)
    return tuple(subdomain_name(name.removeprefix(prefix), is_prefix))


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    signer, bundle = spec.get("signerName") or "", spec.get("trustBundle") or ""
    faults = validate_signer_name(signer, "spec.signerName") if signer else []
    if bundle != (before.get("trustBundle") or ""):
        faults += _validate_bundle(bundle)
    if signer != (before.get("signerName") or ""):
        faults.append(invalid("spec.signerName", signer, IMMUTABLE))
    return faults


def _validate_bundle(bundle: str) -> list[FieldError]:
    """At least one certificate of an authority, each once, and nothing else."""
    if len(bundle.encode()) > _MAX_BUNDLE:
        return [too_long(_BUNDLE, _MAX_BUNDLE)]
    found: dict[bytes, list[str]] = {}
    wrong: list[str] = []
    for index, block in enumerate(pem.decode(bundle.encode())):
        if why := _block_fault(block):
            wrong.append(f"entry {index} {why}")
        else:
            found.setdefault(block.der, []).append(str(index))
    if not wrong and not found:
        wrong.append("at least one trust anchor must be provided")
    elif not wrong:
        twice = (indices for indices in found.values() if len(indices) > 1)
        wrong += [f"duplicate trust anchor (indices [{' '.join(indices)}])" for indices in twice]
    return [invalid(_BUNDLE, _OMITTED, why) for why in wrong]


def _block_fault(block: pem.Block) -> str:
    if block.label != "CERTIFICATE":
        return f"has bad block type: {block.label}"
    if block.has_headers:
        return "has PEM block headers"
    from cryptography import x509  # bundles are rare, and the library is large

    try:
        extensions = x509.load_der_x509_certificate(block.der).extensions
        is_authority = extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except ValueError:
        return "does not parse as X.509"
    except x509.ExtensionNotFound:
        is_authority = False
    return "" if is_authority else "does not have the CA bit set"


def _any_name(name: str, is_prefix: bool) -> tuple[str, ...]:
    """What a name has to be depends on the signer; `validate_create` sees both."""
    return ()


CLUSTERTRUSTBUNDLES = Resource(
    group="certificates.k8s.io",
    version="v1",
    kind="ClusterTrustBundle",
    plural="clustertrustbundles",
    schema=schema("certificates.k8s.io/v1", "ClusterTrustBundle"),
    scope=Scope.CLUSTER,
    unconditional_update=False,
    validate_name=_any_name,
    fields={"spec.signerName": lambda bundle: (bundle.get("spec") or {}).get("signerName") or ""},
    columns=(NAME, Column("SignerName", text("spec.signerName", NONE))),
    validate_create=validate_create,
    validate_update=validate_update,
)
