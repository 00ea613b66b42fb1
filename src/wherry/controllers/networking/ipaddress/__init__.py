"""Shows the addresses of Services as IPAddress objects.

The API server gives addresses out and knows from the Services who has which; nothing depends on these objects. They
are for people and tools that ask who has an address: made, put back and taken away as the Services say.
"""
