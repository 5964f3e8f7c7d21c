"""Serves the page from ``api/web``: the same HTML at every address of the page, other files under ``/web``."""

import os
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from fastapi.responses import FileResponse
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER: Final = Path(__file__).parents[1] / "web"
_NO_CACHE: Final = {"Cache-Control": "no-cache"}

router = APIRouter(include_in_schema=False)


class _Files(StaticFiles):
    """Browsers must ask each time whether a file changed, or modules of two versions could meet in one page."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(_NO_CACHE)
        return response


files = _Files(directory=FOLDER)


@router.get("/")
@router.get("/lens")
@router.get("/pins/{pin_id}")
async def page() -> FileResponse:
    """The page reads from the address what to show."""
    return FileResponse(FOLDER / "index.html", headers=_NO_CACHE)
