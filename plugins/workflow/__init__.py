"""Steps as data: who does what, who acts next, where it may be sent back. See ``face``."""
