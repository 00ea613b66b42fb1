"""The kubelet's own API, which the API server calls on behalf of users: logs, exec, attach, port-forward, statistics.

- `app.py`: the routes in one list, and who may call them
- `logfilter.py`: pure: bytes of a CRI log in, what a user asked to see out
- `logs.py`: reads and follows log files, across their rotation
- `streams.py`: hands exec, attach and port-forward on to the runtime's own streaming server, byte for byte
- `rotation.py`: keeps logs from filling the disk
- `stats.py`: what pods use, as the Summary API and in Prometheus' form
"""
