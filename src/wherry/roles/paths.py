"""Where everything of one cluster is kept on this machine."""

from __future__ import annotations

import os
from pathlib import Path

from msgspec import Struct

_ROOT_STATE = Path("/var/lib/wherry")


class Paths(Struct, frozen=True):
    """All files below one state folder; nothing else on the machine is written but what containers need."""

    state: Path

    @classmethod
    def default(cls) -> Paths:
        """`/var/lib/wherry` for root, the user's data folder for everyone else (XDG base directories)."""
        if os.geteuid() == 0:
            return cls(_ROOT_STATE)
        data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share"
        return cls(Path(data) / "wherry")

    @property
    def server(self) -> Path:
        return self.state / "server"

    @property
    def database(self) -> Path:
        return self.server / "state.db"

    @property
    def pki(self) -> Path:
        return self.server / "pki"

    @property
    def admin_kubeconfig(self) -> Path:
        return self.server / "admin.kubeconfig"

    @property
    def agent(self) -> Path:
        return self.state / "agent"

    @property
    def agent_kubeconfig(self) -> Path:
        return self.agent / "agent.kubeconfig"

    @property
    def containerd_socket(self) -> Path:
        return self.agent / "containerd" / "containerd.sock"

    @property
    def run(self) -> Path:
        return self.state / "run"

    @property
    def supervisor_pid(self) -> Path:
        return self.run / "supervisor.pid"

    @property
    def plan(self) -> Path:
        """What the supervisor runs: a JSON file."""
        return self.run / "supervisor.json"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    def log(self, part: str) -> Path:
        """Of the server, the agent, the supervisor; or containerd's, which it keeps with its own things."""
        if part == "containerd":
            return self.containerd_socket.with_name("containerd.log")
        return self.logs / f"{part}.log"
