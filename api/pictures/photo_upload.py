"""Reads the photo of a request, its body or the field ``photo`` of a form, into memory and never onto a disk."""

import asyncio
from typing import Final

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from api.middleware.problems import Problem

_FIELD: Final = "photo"
_FORM: Final = "multipart/form-data"
_BODY_TYPES: Final = ("image/", "application/octet-stream")
_OTHER_FIELDS: Final = 8


class _InMemory(MultiPartParser):
    """Starlette's parser writes larger fields to a file; the limit on bodies is far below this."""

    spool_max_size = 2**31


async def read_photo(request: Request, *, timeout_s: float) -> bytes:
    """The encoded photo, which only the caller refers to; raises a Problem that says how to send one."""
    try:
        async with asyncio.timeout(timeout_s):
            photo = await _read(request)
    except TimeoutError as exc:
        detail = f"the photo did not arrive within {timeout_s:g} s: send a smaller one"
        raise Problem(408, "upload-too-slow", detail, field=_FIELD) from exc
    if not photo:
        raise Problem(422, "photo-refused", "the photo is empty", field=_FIELD)
    return photo


async def _read(request: Request) -> bytes:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == _FORM:
        return await _read_form(request)
    if media_type.startswith(_BODY_TYPES):
        return await _read_body(request)
    detail = (
        f"{media_type or 'no'} content: send the photo as image/jpeg, png, webp, gif, avif, tiff or bmp, "
        "or as multipart/form-data"
    )
    raise Problem(415, "unsupported-media-type", detail, field="content-type")


async def _read_body(request: Request) -> bytes:
    photo = bytearray()  # one piece: memory of thousands of chunks is not given back to the operating system
    async for chunk in request.stream():  # not `request.body()`, which the request would keep
        photo += chunk
    return bytes(photo)


async def _read_form(request: Request) -> bytes:
    parser = _InMemory(request.headers, request.stream(), max_files=1, max_fields=_OTHER_FIELDS)
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as exc:
        raise Problem(422, "invalid-request", f"body: not a form with one photo: {exc}", field="body") from exc
    try:
        photo = form.get(_FIELD)
        if not isinstance(photo, UploadFile):
            raise Problem(422, "photo-refused", "the form has no file in its field `photo`", field=_FIELD)
        return await photo.read()
    finally:
        await form.close()
