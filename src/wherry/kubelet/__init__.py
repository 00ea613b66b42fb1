"""The node agent: makes the pods that are bound to this node real, and says how they fare.

- `runtime/`: the container runtime behind a small `Runtime` protocol (CRI), and containerd as our own child process
- `pods/`: one worker per pod; `plan.py` decides what to do, `worker.py` does it, `status.py` tells how it stands
- `volumes/`: what is mounted into containers; each kind of volume is a driver behind one protocol
- `node/`: this machine as a Node object: capacity, conditions, heartbeat
- `server/`: the kubelet's own API: logs, exec, attach, port-forward, stats

Read `pods/plan.py` first. The pod's network is the business of CNI plug-ins that the runtime calls (`wherry.network`
writes their configuration); Services and DNS are other parts. Everything here meets the cluster through
`wherry.client` alone.
"""
