"""A plug-in of pytest: the module that the tests of three dynamic clients take their cluster from.

The tests are published with the libraries, `e2e_test/base.py` is not. Here it hands out the cluster of `KUBECONFIG`.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import sys
from types import ModuleType
from typing import Any

MODULES = {
    "kubernetes": ("dynamic.test_client", "dynamic.test_discovery"),
    "kubernetes.aio": ("dynamic.client_test", "dynamic.discovery_test"),
    "kubernetes_asyncio": ("dynamic.client_test", "dynamic.discovery_test"),
}
"""By library, what of it is to be tested."""


def pytest_configure() -> None:
    for library in MODULES:
        _provide(library)


def _provide(library: str) -> None:
    package, base = ModuleType(f"{library}.e2e_test"), ModuleType(f"{library}.e2e_test.base")
    base.__dict__["get_e2e_configuration"] = lambda: _configuration(library)
    package.__dict__["base"] = base
    sys.modules[package.__name__], sys.modules[base.__name__] = package, base


def _configuration(library: str) -> Any:
    made = importlib.import_module(f"{library}.client").Configuration()
    loading = importlib.import_module(f"{library}.config").load_kube_config(client_configuration=made)
    if inspect.iscoroutine(loading):
        asyncio.run(loading)
    return made
