"""JSON bodies: what they hold is counted before it is parsed, and large ones are parsed in a thread."""

import asyncio
import json
from typing import Any, Final

from fastapi import Request
from starlette.exceptions import HTTPException

from pinstream.json_values import excess_values

MAX_JSON_VALUES: Final = 4_096
"""Commas and opening brackets in a body, in its texts too; the longest valid one has about 2,200."""
_MAX_INLINE_BYTES: Final = 4_096


class BoundedJsonRequest(Request):
    """A request whose JSON costs little, whatever was sent: parsed values take many times their text's size."""

    async def json(self) -> Any:
        """The parsed body; raises HTTPException (400) if it holds too much, and what `json.loads` raises."""
        body = await self.body()
        if reason := excess_values(body, limit=MAX_JSON_VALUES):
            raise HTTPException(400, reason)
        if len(body) <= _MAX_INLINE_BYTES:
            return json.loads(body)
        return await asyncio.to_thread(json.loads, body)
