"""The kernel of Juyan: identity, seals, storage, exchange, and the gate of all acts."""

__version__ = "0.1.0"
