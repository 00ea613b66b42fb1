"""For programs that are coroutines themselves."""


async def test_a_configmap(wherry_async_cluster):
    api = wherry_async_cluster.client()
    await api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "1"}})
    assert (await api.get("cm/a"))["data"] == {"x": "1"}
    await wherry_async_cluster.wait("cm/a", "create")
