"""``/v1/lens``: a photo, what is understood of it, and what is like it."""

from fastapi import APIRouter

router = APIRouter(tags=["lens"])
