"""Answers that are files."""

from __future__ import annotations

from urllib.parse import quote

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


def as_file(file: File) -> Response:
    """An exported list as a download."""
    return download(file.content, file.name, file.media_type)
