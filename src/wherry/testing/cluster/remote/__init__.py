"""What a test may do to its cluster, over HTTP: for tests in other languages (docs/testing.md).

    /wherry/clock       the time, and how to make it pass
    /wherry/history     who wrote what, and who was refused what
    /wherry/snapshots   the cluster at a moment, by name; /wherry/restore goes back there
    /wherry/restart     the control plane is killed, and starts again on what was stored
    /wherry/nodes       nodes that come and go, fail and recover
    /wherry/faults      what befalls requests; /wherry/watches what befalls watches

- `Hands` (`hands.py`): the cluster as these paths see it
- `door` (`doors.py`): a path of methods that take and answer JSON
- `remote_paths` (`paths.py`): all of them, for a control plane to serve; the file to read first

They stand behind the API's doors like every path: whoever is not an administrator needs a role for them
(`nonResourceURLs`). They are none of Kubernetes' own and served by no `wherry server`.
"""
