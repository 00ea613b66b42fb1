"""Stories: what a person types into a shell and sees there, as text files that a test plays again.

A story reads like a terminal. A line that begins with `$ ` is typed, what follows is seen: all of standard output and
standard error, and `[1]` when the command's status is not 0. `…` stands for anything within a line, a line of it alone
for any lines; columns may be of any width. `{ns}` is the story's own namespace, where kubectl works unless told
otherwise. The part behind `-- name --` is a file of that name in the folder where the story plays.
"""

from __future__ import annotations

import re
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.cluster import Cluster

FOLDER = Path(__file__).with_name("stories")
NAMES = sorted(path.stem for path in FOLDER.glob("*.txt"))

_FILE = re.compile(r"^-- (\S+) --\n", re.MULTILINE)
_SHELL = 'kubectl() { "$KUBECTL" -n "$NAMESPACE" "$@"; }\n'
_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Scene:
    """One command and what is seen of it."""

    typed: str
    seen: str

    def fits(self, seen: str) -> bool:
        return re.fullmatch(_pattern(self.seen), _plain(seen)) is not None


@dataclass(frozen=True, slots=True)
class Story:
    """What is done in one namespace."""

    scenes: tuple[Scene, ...]
    files: dict[str, str]

    @classmethod
    def parse(cls, text: str) -> Story:
        told, *rest = _FILE.split(text)
        _, *scenes = re.split(r"^\$ ", told, flags=re.MULTILINE)
        parts = (scene.partition("\n") for scene in scenes)
        return cls(tuple(Scene(typed, seen) for typed, _, seen in parts), dict(zip(rest[::2], rest[1::2], strict=True)))

    @classmethod
    def read(cls, name: str) -> Story:
        return cls.parse((FOLDER / f"{name}.txt").read_text(encoding="utf-8"))

    def filled(self, namespace: str) -> Story:
        return Story(
            tuple(
                Scene(scene.typed.replace("{ns}", namespace), scene.seen.replace("{ns}", namespace))
                for scene in self.scenes
            ),
            {name: text.replace("{ns}", namespace) for name, text in self.files.items()},
        )


def play(story: Story, cluster: Cluster, folder: Path) -> list[str]:
    """Do what the story says, in a namespace and a folder of its own; returns where something else was seen."""
    namespace = f"story-{uuid.uuid4().hex[:8]}"
    story = story.filled(namespace)
    folder.mkdir()
    for name, text in story.files.items():
        (folder / name).write_text(text, encoding="utf-8")
    cluster.kubectl("create", "namespace", namespace)
    try:
        seen = [(scene, _shell(scene.typed, cluster, namespace, folder)) for scene in story.scenes]
    finally:
        cluster.kubectl("delete", "namespace", namespace, "--wait=false")
    return [f"$ {scene.typed}\n{said}" for scene, said in seen if not scene.fits(said)]


def _shell(typed: str, cluster: Cluster, namespace: str, folder: Path) -> str:
    environment = {**cluster.environment, "KUBECTL": cluster.kubectl_path, "NAMESPACE": namespace, "LANG": "C"}
    process = cluster.start(
        "bash", "-c", _SHELL + typed, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=-1, stderr=-2
    )
    said, _ = process.communicate(timeout=_SECONDS)
    return said + (f"\n[{process.returncode}]" if process.returncode else "")


def _pattern(seen: str) -> str:
    lines = [".*".join(map(re.escape, line.split("…"))) + "\n" for line in _plain(seen).splitlines()]
    return "".join("(?:.*\n)*" if line == ".*\n" else line for line in lines)


def _plain(text: str) -> str:
    """Without empty lines, and with one space for many."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "".join(f"{line}\n" for line in lines if line)
