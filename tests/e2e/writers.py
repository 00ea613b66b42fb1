"""Writers who remember what they were promised, and a watcher who remembers what it was told.

What a server that is killed at any moment may and may not do is stated against these two: a write that was answered is
there; one that was in hand when the connection broke is there or not, but whole; nothing else has changed.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any

from tests.e2e.serving import ServerProcess, Talk

COLLECTION = "/api/v1/namespaces/default/configmaps"
_LABEL = "load=yes"
_FILLER = "x" * 500
LOST = (OSError, HTTPException)
"""What a client gets when the server dies in the middle of anything."""

State = str | None
"""The text that an object holds; None: it does not exist."""


@dataclass(slots=True)
class Promises:
    """What one writer knows of its objects."""

    certain: dict[str, State] = field(default_factory=dict)
    """What the last answer said."""
    open: dict[str, State] = field(default_factory=dict)
    """What it had asked for when the connection broke."""
    revisions: list[int] = field(default_factory=list)

    def allowed(self, name: str) -> set[State]:
        states = {self.certain.get(name)}
        return states | {self.open[name]} if name in self.open else states

    @property
    def names(self) -> set[str]:
        return {*self.certain, *self.open}


class Writer(threading.Thread):
    """Creates, updates and deletes objects of its own until the server is gone."""

    def __init__(self, server: ServerProcess, name: str) -> None:
        super().__init__(name=name)
        self.promises = Promises()
        self.fault = ""
        self._server = server

    def run(self) -> None:
        try:
            with self._server.talk() as talk:
                for number in range(1_000_000):
                    self._live_one_life(talk, f"{self.name}-{number}", number)
        except LOST:
            pass
        except AssertionError as error:
            self.fault = str(error)

    def _live_one_life(self, talk: Talk, name: str, number: int) -> None:
        self._write(talk, "POST", name, "first")
        self._write(talk, "PUT", name, "second")
        if number % 3 == 0:
            self._write(talk, "DELETE", name, None)

    def _write(self, talk: Talk, method: str, name: str, text: State) -> None:
        promises = self.promises
        promises.open[name] = text
        path = COLLECTION if method == "POST" else f"{COLLECTION}/{name}"
        answer = talk.ask(method, path, None if text is None else config_map(name, text))
        assert answer.status in (200, 201), answer.body
        promises.certain[name] = text
        del promises.open[name]
        if text is not None:
            promises.revisions.append(int(answer.json["metadata"]["resourceVersion"]))


class Watcher(threading.Thread):
    """Follows the writers' objects from a revision on, until the server is gone."""

    def __init__(self, server: ServerProcess, since: int, seen: dict[str, State]) -> None:
        super().__init__()
        self.revision = since
        self.seen = seen
        self.fault = ""
        self._server = server
        self._enough = 0

    def run(self) -> None:
        try:
            self._follow()
        except LOST:
            pass
        except AssertionError as error:
            self.fault = str(error)

    def follow_until(self, revision: int) -> None:
        """Watch in this thread until everything up to `revision` has been seen."""
        self._enough = revision
        if self.revision < revision:
            self._follow()

    def _follow(self) -> None:
        query = f"watch=1&resourceVersion={self.revision}&labelSelector={_LABEL}&allowWatchBookmarks=true"
        with self._server.talk() as talk:
            lines = talk.watch(f"{COLLECTION}?{query}")
            while line := lines.readline():
                self._take(json.loads(line))
                if self._enough and self.revision >= self._enough:
                    return
            assert not self._enough, "the watch ended early"

    def _take(self, event: Mapping[str, Any]) -> None:
        assert event["type"] != "ERROR", event["object"]
        meta = event["object"]["metadata"]
        revision = int(meta["resourceVersion"])
        if event["type"] == "BOOKMARK":
            assert revision >= self.revision, "a bookmark from the past"
        else:
            assert revision > self.revision, f"{revision} came after {self.revision}"
            known = self.seen.get(meta["name"])
            assert (event["type"] == "ADDED") == (known is None), f"{event['type']} of {meta['name']}: {known}"
            self.seen[meta["name"]] = None if event["type"] == "DELETED" else text_of(event["object"])
        self.revision = revision


def config_map(name: str, text: str) -> dict[str, Any]:
    """An object whose halves can be told apart from the whole."""
    return {
        "metadata": {"name": name, "labels": {"load": "yes"}},
        "data": {"text": text, "filler": _FILLER, "again": text},
    }


def text_of(obj: Mapping[str, Any]) -> str:
    """What a stored object holds; asserts that it is whole."""
    data = obj["data"]
    assert data["text"] == data["again"], obj
    assert data["filler"] == _FILLER, obj
    return str(data["text"])


def stored(server: ServerProcess) -> tuple[dict[str, str], int]:
    """What the server has of the writers' objects, and its revision."""
    with server.talk() as talk:
        answer = talk.ask("GET", f"{COLLECTION}?labelSelector={_LABEL}")
        assert answer.status == 200, answer.body
        listing = answer.json
        found = {item["metadata"]["name"]: text_of(item) for item in listing["items"]}
        return found, int(listing["metadata"]["resourceVersion"])
