"""The kernel of Juyan: identity, seals, storage and exchange, and the gate through which every act goes."""

__version__ = "0.1.0"
