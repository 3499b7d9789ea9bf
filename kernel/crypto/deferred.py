"""Parts of cryptography that are imported when something of them is first used.

``x509`` and ``serialization`` bring some forty modules and a grammar of names with them, and a
process that has only just started has no certificate to read. Used like the modules that they
stand for, inside functions; whoever reads one at the top of a module imports it there and then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509 as x509
    from cryptography.hazmat.primitives import serialization as serialization
else:
    from functools import partial
    from importlib import import_module

    from kernel.deferred import Deferred

    x509 = Deferred(partial(import_module, "cryptography.x509"))
    serialization = Deferred(partial(import_module, "cryptography.hazmat.primitives.serialization"))
