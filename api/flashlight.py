"""``/v1/flashlight``: any box on a pin, and the scenes that hold something like it."""

from fastapi import APIRouter

router = APIRouter(tags=["flashlight"])
