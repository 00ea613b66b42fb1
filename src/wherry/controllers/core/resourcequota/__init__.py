"""Shows in each ResourceQuota what is used of it.

Only shows: the API server refuses by its own count of the same objects (`apiserver/quota`), so nothing depends on how
soon this is written. What is counted is in `wherry.api.core.quotaspec`; `controller.py` feeds it from informers.
"""
