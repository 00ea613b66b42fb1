"""Writes the package data of `src/wherry/api/data` from two development dependencies.

    .venv/bin/python tools/gen_schema.py          # rewrite what is stale
    .venv/bin/python tools/gen_schema.py --check  # only say whether anything is

`kubernetes-validate` carries Kubernetes' OpenAPI definitions, `lightkube-models` the table of resources. Their files
are read (JSON and `ast`), never imported. What is written:

- `schema.z`: one line per type, `name<TAB>{...}`; see `wherry.api.schema.shapes` for its meaning
- `descriptions.z`: one line per type, `name<TAB>[type's text, {field: text}]`, packed in sections; see
  `wherry.api.schema.descriptions`
- `resources.json`: group, version, kind, plural, scope, verbs and subresources of every served kind

Output is a pure function of the input: lines sorted, keys in a fixed order.
"""

from __future__ import annotations

import ast
import json
import sys
import zlib
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import Any

VERSION = "1.37.0"
DATA = Path(__file__).parent.parent / "src/wherry/api/data"
Json = dict[str, Any]

PREFIXES = {
    "io.k8s.api.": "",
    "io.k8s.apimachinery.pkg.apis.": "",
    "io.k8s.apimachinery.pkg.version.": "version.",
    "io.k8s.apiextensions-apiserver.pkg.apis.": "",
    "io.k8s.kube-aggregator.pkg.apis.": "",
}
"""How long definition names become short ones; `wherry.api.schema.shapes.long_name` undoes it."""

SPECIAL = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "q",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "t",
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "u",
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": "f",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Patch": "o",
    "io.k8s.apimachinery.pkg.runtime.RawExtension": "o",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "x",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON": "j",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray": "A",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool": "B",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray": "S",
}
SCALARS = {
    ("string", ""): "s",
    ("string", "byte"): "y",
    ("integer", "int32"): "i",
    ("integer", "int64"): "l",
    ("boolean", ""): "b",
    ("number", "double"): "d",
}


def main(arguments: list[str]) -> int:
    stale = [name for name, content in outputs().items() if read(DATA / name) != content]
    if "--check" in arguments:
        print("\n".join(f"stale: {name}" for name in stale) or "fresh")
        return 1 if stale else 0
    for name, content in outputs().items():
        if name in stale:
            write(DATA / name, content)
            print("wrote", name)
    return 0


def outputs() -> dict[str, str]:
    """Name of each data file and its text (before compression)."""
    definitions = json.loads(definitions_file().read_text())["$defs"]
    return {
        "schema.z": schema_lines(definitions),
        "descriptions.z": description_lines(definitions),
        "resources.json": resource_table(package_folder("lightkube.resources")),
    }


def sources_present() -> bool:
    """Whether the development dependencies are installed."""
    try:
        return definitions_file().exists() and find_spec("lightkube.resources") is not None
    except LookupError:
        return False


def read(path: Path) -> str:
    if not path.exists():
        return ""
    if path.suffix != ".z":
        return path.read_text()
    return "".join(list(streams(path.read_bytes()))[1 if path.name == "descriptions.z" else 0 :])


def write(path: Path, text: str) -> None:
    if path.name == "descriptions.z":
        path.write_bytes(in_sections(text))
    else:
        path.write_bytes(pack(text) if path.suffix == ".z" else text.encode())


def pack(text: str) -> bytes:
    return zlib.compress(text.encode(), 9)


def in_sections(text: str) -> bytes:
    """An index and the sections of neighbouring lines, each packed by itself."""
    packed = {name: pack("".join(lines)) for name, lines in groupby(text.splitlines(keepends=True), section)}
    index = dump({name: len(content) for name, content in packed.items()})
    return b"".join([pack(index), *packed.values()])


def section(line: str) -> str:
    """The group and version that a line's type belongs to."""
    return line.partition("\t")[0].rpartition(".")[0]


def streams(packed: bytes) -> Iterator[str]:
    """The texts of one stream after another."""
    while packed:
        stream = zlib.decompressobj()
        yield stream.decompress(packed).decode()
        packed = stream.unused_data


def package_folder(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise LookupError(f"the package {name} is not installed (dependency group 'schema')")
    return Path(next(iter(spec.submodule_search_locations)))


def definitions_file() -> Path:
    # `find_spec` of a top-level package does not import it.
    return package_folder("kubernetes_validate") / f"kubernetes-json-schema/v{VERSION}-local/_definitions.json"


# ---------------------------------------------------------------- schema


def schema_lines(definitions: Json) -> str:
    structs = {short_name(name): struct(spec) for name, spec in sorted(definitions.items()) if name not in SPECIAL}
    kinds = {
        f"{group}/{version}/{kind}".removeprefix("/"): name
        for name, line in structs.items()
        for group, version, kind in line.get("g", ())
    }
    return "\n".join(f"{name}\t{dump(line)}" for name, line in {"": kinds, **structs}.items()) + "\n"


def short_name(name: str) -> str:
    for prefix, replacement in PREFIXES.items():
        if name.startswith(prefix):
            return replacement + name[len(prefix) :]
    raise ValueError(f"no short name for {name}")


def struct(definition: Json) -> Json:
    fields = {name: field(spec) for name, spec in sorted(definition.get("properties", {}).items())}
    line: Json = {"f": fields}
    if definition.get("required"):
        line["r"] = sorted(definition["required"])
    if "x-kubernetes-map-type" in definition:
        line["m"] = definition["x-kubernetes-map-type"]
    if "x-kubernetes-unions" in definition:
        line["u"] = definition["x-kubernetes-unions"]
    kinds = definition.get("x-kubernetes-group-version-kind", [])
    if kinds:
        line["g"] = [[kind["group"], kind["version"], kind["kind"]] for kind in kinds][: 1 if len(kinds) > 3 else 3]
    return line


def field(spec: Json) -> Any:
    """A type expression, or [expression, extras] where there is more to say."""
    extras: Json = {}
    for long, short in (
        ("x-kubernetes-list-type", "lt"),
        ("x-kubernetes-list-map-keys", "lk"),
        ("x-kubernetes-map-type", "mt"),
        ("x-kubernetes-patch-strategy", "ps"),
        ("x-kubernetes-patch-merge-key", "pk"),
    ):
        if long in spec:
            extras[short] = spec[long]
    expression = type_expression(spec)
    return [expression, extras] if extras else expression


def type_expression(spec: Json) -> str:
    if "$ref" in spec:
        name = spec["$ref"].removeprefix("#/$defs/")
        return SPECIAL.get(name) or "@" + short_name(name)
    kind = spec["type"]
    if isinstance(kind, list):  # this source writes [x, "null"] for what is optional
        kind = next(name for name in kind if name != "null")
    if kind == "array":
        return "[" + type_expression(spec["items"])
    if kind == "object":
        return "{" + type_expression(spec["additionalProperties"])
    return SCALARS[kind, spec.get("format", "")]


def description_lines(definitions: Json) -> str:
    lines = []
    for name, definition in sorted(definitions.items()):
        properties = definition.get("properties", {})
        texts = {field: spec["description"] for field, spec in sorted(properties.items()) if "description" in spec}
        key = SPECIAL.get(name) or short_name(name)
        lines.append(f"{key}\t{dump([definition.get('description', ''), texts])}")
    return "\n".join(sorted(set(lines), key=lambda line: (section(line), line))) + "\n"


def dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# ---------------------------------------------------------------- resources


def resource_table(folder: Path) -> str:
    rows: dict[tuple[str, str, str], Json] = {}
    subresources: list[tuple[tuple[str, str, str], str, Json]] = []
    for path in sorted(folder.glob("*_v*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and (info := api_info(node)) is not None:
                parent, row = info
                if parent is None:
                    rows[row["group"], row["version"], row["plural"]] = row
                else:
                    subresources.append((parent, row.pop("plural"), row))
    for (group, version, _), plural, row in subresources:
        owner = rows.get((group, version, plural)) or rows["", "v1", plural]
        owner["subresources"].append(row)
    for row in rows.values():
        row["subresources"].sort(key=lambda sub: sub["name"])
    lines = ",\n".join(json.dumps(rows[key]) for key in sorted(rows))
    return f"[\n{lines}\n]\n"


def api_info(node: ast.ClassDef) -> tuple[tuple[str, str, str] | None, Json] | None:
    """(identity of the parent of a subresource, row) of a class that declares `_api_info`."""
    for statement in node.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
            target = statement.targets[0]
            if isinstance(target, ast.Name) and target.id == "_api_info":
                return row_of(node, {word.arg or "": word.value for word in statement.value.keywords})
    return None


def row_of(node: ast.ClassDef, words: dict[str, ast.expr]) -> tuple[tuple[str, str, str] | None, Json]:
    group, version, kind = identity(words["resource"])
    plural = ast.literal_eval(words["plural"])
    verbs = kubernetes_verbs(ast.literal_eval(words["verbs"]))
    bases = " ".join(ast.unparse(base) for base in node.bases)
    row: Json = {"group": group, "version": version, "kind": kind, "plural": plural}
    if "action" in words:
        row["name"] = ast.literal_eval(words["action"])
        row["verbs"] = verbs
        return identity(words["parent"]), row
    row |= {"namespaced": "Namespaced" in bases, "verbs": verbs, "subresources": []}
    return None, row


def identity(call: ast.expr) -> tuple[str, str, str]:
    if not isinstance(call, ast.Call):
        raise ValueError(f"unexpected declaration {ast.unparse(call)}")
    group, version, kind = (ast.literal_eval(argument) for argument in call.args)
    return group, version, kind


def kubernetes_verbs(verbs: list[str]) -> list[str]:
    names = {"post": "create", "put": "update", "global_list": "list", "global_watch": "watch"}
    return sorted({names.get(verb, verb) for verb in verbs})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
