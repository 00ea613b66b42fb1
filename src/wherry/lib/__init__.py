"""What could be published on its own: clocks, back-off, task owners, files. Nothing here knows Kubernetes.

Pure code may import modules of this package that do no I/O; helpers that need asyncio stand in modules of their
own (`tasks`), so that a plan never drags an event loop in.
"""
