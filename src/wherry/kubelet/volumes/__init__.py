"""What is mounted into containers.

- `Driver` (`driver.py`): sets one kind of volume up in a folder of the pod's and takes it down again; CSI will be one
  more
- `Volumes` (`manager.py`): the drivers in one list; sets up all of a pod's volumes, cleans up after it
- `payload.py`: pure: ConfigMaps, Secrets, downward API and tokens as files with modes
- `atomic.py`: writes such files so that a reader sees all of the old or all of the new
- `ObjectCache` (`objects.py`): the ConfigMaps and Secrets that pods here use, each watched by its own name alone
- `tokens.py`: service-account tokens, asked for per pod and renewed at 80 % of their life

Secrets and tokens are written to memory (a tmpfs), never to a disk. Nothing here deletes through a mount: `cleaning.py`
unmounts first and then walks without following links or crossing file systems.
"""
