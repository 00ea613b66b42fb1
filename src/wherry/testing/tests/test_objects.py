"""The table behaves as the watch cache does towards those who only look."""

from __future__ import annotations

from wherry.api.core.configmap import CONFIGMAPS
from wherry.api.core.namespace import NAMESPACES
from wherry.testing.objects import Objects
from wherry.watchcache.item import Item


def test_put_get_list_and_drop_are_observed() -> None:
    objects = Objects()
    heard: list[tuple[Item | None, Item | None]] = []
    objects.observe(CONFIGMAPS, lambda before, after: heard.append((before, after)))
    first = objects.put(CONFIGMAPS, {"metadata": {"name": "a", "namespace": "x"}})
    second = objects.put(CONFIGMAPS, {"metadata": {"name": "a", "namespace": "x"}, "data": {"k": "v"}})
    objects.put(NAMESPACES, {"metadata": {"name": "x"}})
    assert objects.get(CONFIGMAPS, "x", "a") is second
    assert second.decode()["metadata"]["resourceVersion"] == "2"
    assert list(objects.list(CONFIGMAPS)) == list(objects.list(CONFIGMAPS, "x")) == [second]
    assert objects.list(CONFIGMAPS, "y") == []
    objects.drop(CONFIGMAPS, "x", "a")
    assert objects.get(CONFIGMAPS, "x", "a") is None
    assert heard == [(None, first), (first, second), (second, None)]
