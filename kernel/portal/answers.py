"""Answers that are files."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from kernel.portal.export import File


def download(data: bytes, name: str, media_type: str) -> Response:
    """An answer that the browser saves under a name."""
    header = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return Response(data, media_type=media_type, headers={"content-disposition": header})


def as_file(file: File) -> Response:
    """An exported list as a download."""
    return download(file.content, file.name, file.media_type)
