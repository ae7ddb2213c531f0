"""msnet: finds why a MicroShift pod does not get its network."""

__version__ = "0.1.0"
