"""For which site the keys speak: it follows from the address at which people open the portal."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from msgspec import Struct

from kernel.api import Invalid, Settings


class Place(Struct, frozen=True):
    """A site. :ivar rp_id: its domain name. :ivar origin: scheme, host, port, exactly."""

    rp_id: str
    origin: str


def place_of(settings: Settings) -> Place:
    """The site of a node.

    :raises Invalid: ``webauthn.address`` for an IP address, ``webauthn.https`` where browsers
        would not let a page speak to a key (W3C Secure Contexts, 3.1).
    """
    origin = settings.public_origin
    parts = urlsplit(origin)
    host = (parts.hostname or "").lower()
    if not host or _is_address(host):
        raise Invalid(
            "webauthn.address",
            f"设置项 origin 是“{origin}”：安全认证插件只认域名，不认 IP 地址。"
            "请为本平台配置域名（演示环境可用 http://localhost:端口）。",
            f"The setting `origin` is {origin!r}: security keys know domain names, not IP "
            "addresses. Give the portal a name (a demo may use http://localhost:PORT).",
        )
    local = host == "localhost" or host.endswith(".localhost")
    if parts.scheme != "https" and not local and not settings.demo:
        raise Invalid(
            "webauthn.https",
            f"设置项 origin 是“{origin}”：浏览器只在 https 网址上使用安全认证插件，请改用 https。",
            f"The setting `origin` is {origin!r}: browsers use security keys on https only.",
        )
    return Place(host, f"{parts.scheme}://{parts.netloc}".lower())


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
