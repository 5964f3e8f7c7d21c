"""The photo in a request: its body, or the field ``photo`` of a form; held in memory, never on a disk."""

import asyncio
from typing import Final

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from api.guards.problems import Problem

_FIELD: Final = "photo"
_FORM: Final = "multipart/form-data"
_RAW: Final = ("image/", "application/octet-stream")
_OTHER_FIELDS: Final = 8


class _InMemory(MultiPartParser):
    """Starlette's parser writes what is larger than this into a file; the body's own limit is far below."""

    spool_max_size = 2**31


async def photo_in(request: Request, *, within_s: float) -> bytes:
    """The encoded photo, which only the caller holds; raises a Problem that says how to send one."""
    try:
        async with asyncio.timeout(within_s):
            photo = await _read(request)
    except TimeoutError as exc:
        detail = f"the photo did not arrive within {within_s:g} s: send a smaller one"
        raise Problem(408, "upload-too-slow", detail, field=_FIELD) from exc
    if not photo:
        raise Problem(422, "photo-refused", "the photo is empty", field=_FIELD)
    return photo


async def _read(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == _FORM:
        return await _of_form(request)
    if kind.startswith(_RAW):
        return await _of_body(request)
    said = f"{kind or 'no'} content: send the photo as image/jpeg, image/png, image/webp or image/gif, or as a form"
    raise Problem(415, "unsupported-media-type", said, field="content-type")


async def _of_body(request: Request) -> bytes:
    photo = bytearray()  # in one piece: what thousands of chunks leave behind is not given back to the system
    async for chunk in request.stream():  # `request.body()` would be kept by the request
        photo += chunk
    return bytes(photo)


async def _of_form(request: Request) -> bytes:
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
