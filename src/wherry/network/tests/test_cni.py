"""The CNI configuration."""

from __future__ import annotations

import json
from pathlib import Path

from wherry.network.cni import CONFLIST, PodNetwork, conflist, write_conflist

NETWORK = PodNetwork(("10.42.0.0/24", "fd00:42::/64"), "wherry0", Path("/run/ipam"), mtu=1400)


def test_both_families_get_a_range_and_a_route() -> None:
    bridge, portmap = conflist(NETWORK)["plugins"]
    assert bridge["ipam"]["ranges"] == [[{"subnet": "10.42.0.0/24"}], [{"subnet": "fd00:42::/64"}]]
    assert bridge["ipam"]["routes"] == [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}]
    assert (bridge["bridge"], bridge["mtu"], bridge["ipMasq"], bridge["hairpinMode"]) == ("wherry0", 1400, True, True)
    assert portmap["capabilities"] == {"portMappings": True}


def test_is_written_only_when_it_changes(tmp_path: Path) -> None:
    folder = tmp_path / "cni"
    assert write_conflist(folder, NETWORK)
    assert not write_conflist(folder, NETWORK)
    assert write_conflist(folder, PodNetwork(("10.42.1.0/24",), "wherry0", Path("/run/ipam")))
    assert [path.name for path in folder.iterdir()] == [CONFLIST]
    assert json.loads((folder / CONFLIST).read_text())["name"] == "wherry"
