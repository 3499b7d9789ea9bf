"""Answers that are files and images."""

from __future__ import annotations

import hashlib
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from kernel.portal.export import File

SANDBOX = "default-src 'none'; frame-ancestors 'none'; sandbox"


def download(data: bytes, name: str, media_type: str) -> Response:
    """An answer that the browser saves under a name, and never runs or shows as a page of ours."""
    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "content-security-policy": SANDBOX,
    }
    return Response(data, media_type=media_type, headers=headers)


def image_answer(request: Request, data: bytes, media_type: str) -> Response:
    """An image of a document within a page: kept by the browser, shown again only after asking.

    Asking is what closes it to whoever signs in at the same browser next, and once it is recalled.
    """
    mark = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    headers = {"cache-control": "private, no-cache", "etag": mark}
    if request.headers.get("if-none-match") == mark:
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=media_type, headers=headers)


def as_file(file: File) -> Response:
    """An exported list as a download."""
    return download(file.content, file.name, file.media_type)
