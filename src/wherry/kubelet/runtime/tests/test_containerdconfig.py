"""containerd's configuration."""

from __future__ import annotations

import tomllib
from pathlib import Path

from wherry.kubelet.runtime.containerdconfig import ContainerdPaths, HostTraits, RuntimeHandler, format_config


def test_is_toml_and_says_what_the_host_lacks() -> None:
    paths = ContainerdPaths.under(Path('/state/with "quotes"'))
    traits = HostTraits(can_raise_resources=False, has_apparmor=False, has_hugetlb=True)
    handlers = (RuntimeHandler("runc"), RuntimeHandler("crun", "/usr/bin/crun"))
    config = tomllib.loads(format_config(paths, traits, "pause:1", handlers))
    cri = config["plugins"]["io.containerd.grpc.v1.cri"]
    assert config["root"] == '/state/with "quotes"/containerd/root'
    assert config["grpc"]["address"] == str(paths.socket)
    assert (cri["restrict_oom_score_adj"], cri["disable_apparmor"]) == (True, True)
    assert cri["sandbox_image"] == "pause:1"
    runtimes = cri["containerd"]["runtimes"]
    assert cri["containerd"]["default_runtime_name"] == "runc"
    assert runtimes["crun"]["options"] == {"SystemdCgroup": False, "BinaryName": "/usr/bin/crun"}
