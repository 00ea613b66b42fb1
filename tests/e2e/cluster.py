"""A running cluster as a test sees it, and a network for one alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CLIENTS = ROOT / ".venv/clients"
KUBECTLS = {
    name: path
    for name, path in (("machine", shutil.which("kubectl")), ("1.37", str(CLIENTS / "kubectl")))
    if path and Path(path).exists()
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running cluster and how to talk to it. Commands run where the cluster does."""

    state: Path
    port: int
    prefix: tuple[str, ...] = ()
    kubectl_path: str = field(default_factory=lambda: next(iter(KUBECTLS.values()), "kubectl"))

    def run(
        self, *command: str, stdin: str | None = None, timeout: float = 60, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*self.prefix, *command],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            env=self.environment,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"{' '.join(command)} failed ({done.returncode}):\n{done.stdout}{done.stderr}")
        return done

    def start(self, *command: str, **how: Any) -> subprocess.Popen[str]:
        """A command that goes on; the caller ends it."""
        return subprocess.Popen([*self.prefix, *command], text=True, **{"env": self.environment, **how})

    def kubectl(self, *words: str, stdin: str | None = None, timeout: float = 60, check: bool = True) -> str:
        return self.run(self.kubectl_path, *words, stdin=stdin, timeout=timeout, check=check).stdout

    def failure(self, *words: str, stdin: str | None = None) -> str:
        """What kubectl says when it must fail."""
        done = self.run(self.kubectl_path, *words, stdin=stdin, check=False)
        assert done.returncode != 0, done.stdout
        return done.stderr

    def get(self, *words: str) -> Any:
        return json.loads(self.kubectl("get", *words, "-o", "json"))

    def wherry(self, *words: str, timeout: float = 150, check: bool = True) -> str:
        command = (sys.executable, "-m", "wherry", *words, "--state", str(self.state))
        return self.run(*command, timeout=timeout, check=check).stdout

    def with_kubectl(self, path: str) -> Cluster:
        return Cluster(self.state, self.port, self.prefix, path)

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "KUBECONFIG": str(self.state / "server/admin.kubeconfig"),
            "HOME": str(self.state),
            "NO_PROXY": "*",
        }
