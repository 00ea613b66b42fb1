"""Reading the table of mounts."""

from __future__ import annotations

from wherry.kubelet.volumes.mounts import parse_mountinfo

TEXT = """\
22 28 0:20 / /sys rw,relatime - sysfs sysfs rw
36 28 8:1 /a /mnt/two\\040words rw,noatime shared:1 master:2 - ext4 /dev/sda1 rw
"""


def test_points_and_types() -> None:
    assert parse_mountinfo(TEXT) == [("/sys", "sysfs"), ("/mnt/two words", "ext4")]
