"""What all tests share: how Hypothesis behaves on a busy machine."""

import os

from hypothesis import HealthCheck, settings

from wherry.lib.depth import allow_depth

# Time says nothing about correctness on a shared machine; in CI the same examples are tried each time, so that a red
# run is about the change and not about luck.
settings.register_profile(
    "wherry",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
    print_blob=True,
)
settings.load_profile("wherry")

# Hypothesis wants the bound of recursion to stay as it is while it tries examples.
allow_depth()
