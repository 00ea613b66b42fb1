"""kubectl and helm, where they are installed."""

import shutil
import subprocess
from pathlib import Path

import pytest


def need(program):
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


def test_kubectl(wherry_cluster, wherry_kubeconfig):
    need("kubectl")
    manifest = Path(__file__).with_name("web.yaml")
    subprocess.run(["kubectl", "apply", "-f", manifest], check=True)
    subprocess.run(["kubectl", "rollout", "status", "deployment/web", "--timeout=10s"], check=True)
    subprocess.run(["kubectl", "scale", "deployment/web", "--replicas=5"], check=True)
    assert len(wherry_cluster.client().list("pods")) == 5


def test_helm(wherry_cluster, wherry_kubeconfig, tmp_path):
    need("helm")
    subprocess.run(["helm", "create", "shop"], check=True, cwd=tmp_path)
    subprocess.run(["helm", "install", "shop", "./shop", "--wait", "--timeout=20s"], check=True, cwd=tmp_path)
    assert wherry_cluster.wait("deployment/shop", "Available")
    subprocess.run(["helm", "uninstall", "shop", "--wait"], check=True)
    assert wherry_cluster.client().list("deployments") == []
