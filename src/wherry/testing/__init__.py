"""What tests of Wherry, and tests written with Wherry, are made of.

- `ManualClock` (`clock.py`): time that passes when the test says so
- `StoreSuite` (`storesuite.py`): what every back end of `wherry.store` must do

Nothing of this is imported by a running cluster.
"""
