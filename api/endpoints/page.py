"""The page and its files, from ``api/web``: one document for every address of the page, files under ``/web``."""

import os
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from fastapi.responses import FileResponse
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER: Final = Path(__file__).parents[1] / "web"
_FRESH: Final = {"Cache-Control": "no-cache"}

router = APIRouter(include_in_schema=False)


class _Files(StaticFiles):
    """Browsers ask each time whether a file changed: modules of two versions must never meet."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """See StaticFiles."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(_FRESH)
        return response


files = _Files(directory=FOLDER)


@router.get("/")
@router.get("/lens")
@router.get("/pins/{pin_id}")
async def page() -> FileResponse:
    """The page; which part of it is shown is the address's to say, and read by the page itself."""
    return FileResponse(FOLDER / "index.html", headers=_FRESH)
