"""The same without fixtures: a context manager is all that there is to it."""

import unittest

from wherry.testing import Cluster


class WebTest(unittest.TestCase):
    def setUp(self):
        self.cluster = self.enterContext(Cluster(nodes=1))

    def test_namespaces_finish_deleting(self):
        api = self.cluster.client()
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "prices"}}, namespace="shop")
        api.delete("namespace/shop")
        self.cluster.wait("namespace/shop", "delete")
        self.assertEqual(api.list("configmaps", namespace="shop"), [])
