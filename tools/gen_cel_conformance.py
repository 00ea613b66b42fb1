"""Packs the public CEL conformance data for our tests: src/wherry/cel/tests/data/conformance.json.z.

The source is the npm package @bufbuild/cel-spec (Apache-2.0): the conformance suite of cel-spec, and the cases of the
parser and checker tests of cel-go with what cel-go says of them. Needs npm and node.

    python tools/gen_cel_conformance.py
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PACKAGE = "@bufbuild/cel-spec@0.6.1"
TARGET = Path(__file__).parents[1] / "src/wherry/cel/tests/data/conformance.json.z"
PARTS = ("conformance", "parsing", "checking", "comprehension")
SECTIONS_WITHOUT = ("proto2", "proto3", "proto2_ext", "enums", "wrappers", "dynamic", "block_ext")
"""What is about protobuf messages alone, or about cel-go's own optimizer."""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = _fetch(Path(folder))
    cases = [case for part in PARTS for case in _cases(part, data[part], ())]
    text = json.dumps(cases, separators=(",", ":"), ensure_ascii=False)
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(zlib.compress(text.encode(), 9))
    print(f"{len(cases)} cases, {TARGET.stat().st_size:,} bytes")


def _fetch(folder: Path) -> dict[str, Any]:
    subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    archive = next(folder.glob("*.tgz"))
    subprocess.run(["tar", "xzf", archive.name], cwd=folder, check=True)
    imports = [f"import {{tests as {part}}} from './package/dist/esm/testdata/{part}.js';" for part in PARTS]
    script = folder / "dump.mjs"
    script.write_text("\n".join([*imports, f"process.stdout.write(JSON.stringify({{{', '.join(PARTS)}}}));"]))
    return dict(json.loads(subprocess.run(["node", script.name], cwd=folder, check=True, capture_output=True).stdout))


def _cases(part: str, suite: dict[str, Any], path: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    path = (*path, suite["name"])
    if len(path) > 1 and path[1] in SECTIONS_WITHOUT:
        return
    for test in suite.get("tests", ()):
        original = test["original"]
        case = {"section": "/".join(path), **original}
        case |= {key: test[key] for key in ("ast", "checkedAst", "type", "error") if key in test}
        case.pop("description", None)
        yield case
    for inner in suite.get("suites", ()):
        yield from _cases(part, inner, path)


if __name__ == "__main__":
    main()
