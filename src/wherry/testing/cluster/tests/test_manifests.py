from __future__ import annotations

from pathlib import Path

import pytest

from wherry.api import Obj
from wherry.testing.cluster.manifests import ManifestError, Source, read_objects


def configmap(name: str) -> Obj:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}


YAML = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"
LIST = {"apiVersion": "v1", "kind": "List", "items": [configmap("a"), configmap("b")]}

SOURCES: dict[str, tuple[Source, list[str]]] = {
    "an object": (configmap("a"), ["a"]),
    "text": (YAML % "a", ["a"]),
    "several documents": (f"---\n{YAML % 'a'}---\n# nothing here\n--- # another\n{YAML % 'b'}", ["a", "b"]),
    "JSON": ('{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}', ["a"]),
    "YAML that begins like JSON": ("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}", ["a"]),
    "a List": (LIST, ["a", "b"]),
    "several sources": ([configmap("a"), YAML % "b", [configmap("c")]], ["a", "b", "c"]),
    "nothing": ("", []),
}


@pytest.mark.parametrize(("source", "names"), SOURCES.values(), ids=SOURCES)
def test_sources(source: Source, names: list[str]) -> None:
    if source == "":
        source = "\n"
    assert [obj["metadata"]["name"] for obj in read_objects(source)] == names


def test_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(YAML % "b")
    (tmp_path / "a.json").write_text('{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}')
    (tmp_path / "README.md").write_text("no: [manifest")
    assert [obj["metadata"]["name"] for obj in read_objects(tmp_path)] == ["a", "b"]
    assert [obj["metadata"]["name"] for obj in read_objects(str(tmp_path / "b.yaml"))] == ["b"]


@pytest.mark.parametrize(
    ("source", "message"),
    [("a: [b", "the text is not YAML"), ("a: b", "needs apiVersion and kind"), ("- 1\n- 2\n", "is no object")],
    ids=["no YAML", "no object", "a list of something"],
)
def test_what_holds_no_objects(source: str, message: str) -> None:
    with pytest.raises(ManifestError, match=message):
        read_objects(source)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"missing\.yaml"):
        read_objects("missing.yaml")


def test_relative_paths_begin_at_the_folder_that_is_given_and_else_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside, here = tmp_path / "beside", tmp_path / "here"
    for folder in (beside, here):
        folder.mkdir()
        (folder / f"{folder.name}.yaml").write_text(YAML % "own")
        (folder / "both.yaml").write_text(YAML % folder.name)
    monkeypatch.chdir(here)
    found = {
        name: read_objects(name, beside)[0]["metadata"]["name"] for name in ("both.yaml", "beside.yaml", "here.yaml")
    }
    assert found == {"both.yaml": "beside", "beside.yaml": "own", "here.yaml": "own"}
    with pytest.raises(FileNotFoundError, match=f"in {beside} and {here}: 'neither.yaml'"):
        read_objects("neither.yaml", beside)
