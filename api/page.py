"""The page and its files, from ``api/web``: one document for every address of the page, files under ``/web``."""

from pathlib import Path
from typing import Final

from fastapi import APIRouter
from fastapi.responses import FileResponse
from starlette.staticfiles import StaticFiles

FOLDER: Final = Path(__file__).parent / "web"
_FRESH: Final = {"Cache-Control": "no-cache"}

router = APIRouter(include_in_schema=False)
files = StaticFiles(directory=FOLDER)


@router.get("/")
@router.get("/lens")
@router.get("/pins/{pin_id}")
async def page() -> FileResponse:
    """The page; which part of it is shown is the address's to say, and read by the page itself."""
    return FileResponse(FOLDER / "index.html", headers=_FRESH)
