"""Parts of cryptography that are imported when something of them is first used.

``x509`` and ``serialization`` bring some forty modules and a grammar of names with them, and a
process that has only just started has no certificate to read. Used like the modules that they
stand for, inside functions; whoever reads one at the top of a module imports it there and then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography import x509 as x509
    from cryptography.hazmat.primitives import serialization as serialization
else:
    from importlib import import_module

    class _Deferred:
        def __init__(self, name: str) -> None:
            self._name = name

        def __getattr__(self, attribute: str) -> Any:
            found = getattr(import_module(self._name), attribute)
            setattr(self, attribute, found)  # so that it is asked for once
            return found

    x509 = _Deferred("cryptography.x509")
    serialization = _Deferred("cryptography.hazmat.primitives.serialization")
