"""The photo in a request: its body, or the field ``photo`` of a form; held in memory, never on a disk."""

from typing import Final

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from api.problems import Problem

_FIELD: Final = "photo"
_FORM: Final = "multipart/form-data"
_RAW: Final = ("image/", "application/octet-stream")
_OTHER_FIELDS: Final = 8


class _InMemory(MultiPartParser):
    """Starlette's parser writes what is larger than this into a file; the body's own limit is far below."""

    spool_max_size = 2**31


async def photo_in(request: Request) -> bytes:
    """The encoded photo; raises a Problem that says how to send one."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == _FORM:
        photo = await _of_form(request)
    elif kind.startswith(_RAW):
        photo = await request.body()
    else:
        said = f"{kind or 'no'} content: send the photo as image/jpeg, image/png, image/webp or image/gif, or as a form"
        raise Problem(415, "unsupported-media-type", said, field="content-type")
    if not photo:
        raise Problem(422, "photo-refused", "the photo is empty", field=_FIELD)
    return photo


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
