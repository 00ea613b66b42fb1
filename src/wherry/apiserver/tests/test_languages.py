"""Which forms have to be learned before a request can be answered."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

UNKNOWN = """
import asyncio, json, sys
from wherry.apiserver.languages import Languages
languages = Languages()
missing = languages.unknown(json.loads(sys.argv[1]))
asyncio.run(languages.learn(missing))
print(json.dumps([missing, [module in sys.modules for module in missing], languages.unknown(json.loads(sys.argv[1]))]))
"""
PROTOBUF, YAML = "wherry.apiserver.protobuf.writing", "wherry.apiserver.yamltext"


@pytest.mark.parametrize(
    ("headers", "modules"),
    [
        pytest.param({}, [], id="anything"),
        pytest.param({"accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}, [], id="json"),
        pytest.param({"accept": "application/vnd.kubernetes.protobuf,application/json"}, [PROTOBUF], id="protobuf"),
        pytest.param({"accept": "application/json", "content-type": "application/apply-patch+yaml"}, [YAML], id="body"),
        pytest.param(
            {"accept": "application/yaml", "content-type": "application/vnd.kubernetes.protobuf"},
            [PROTOBUF, YAML],
            id="both",
        ),
    ],
)
def test_a_form_is_learned_once(headers: dict[str, str], modules: list[str]) -> None:
    command = [sys.executable, "-c", UNKNOWN, json.dumps(headers)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [modules, [True] * len(modules), []]
