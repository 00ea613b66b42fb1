"""A program that knows nothing of Python's Cluster."""

import os
import subprocess
import sys
from pathlib import Path


def test_a_cluster_is_used_by_http(tmp_path):
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    script = Path(__file__).with_name("outside.sh")
    done = subprocess.run(["bash", script], env={**os.environ, "PATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "configmap/a created" in done.stdout
    assert "REFUSED 409 Conflict" in done.stdout
    assert "a     " not in done.stdout.splitlines()[-1]
