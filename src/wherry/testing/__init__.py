"""What tests of Wherry, and tests written with Wherry, are made of.

- `ManualClock` (`clock.py`): time that passes when the test says so
- `SettlingLoop` (`eventloop.py`): an event loop that knows when nothing is left to do
- `StoreSuite` (`storesuite.py`): what every back end of `wherry.store` must do
- `ClientSuite` (`clientsuite.py`): what every `wherry.client.Client` must do, in process or over HTTP
- `Objects` (`objects.py`): stored objects without a store, for authorization and admission
- `Neighbours` (`network.py`): two hosts on one link, in network namespaces of this machine

Nothing of this is imported by a running cluster.
"""
