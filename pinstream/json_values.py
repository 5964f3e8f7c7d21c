"""How many values a JSON text holds, before it is parsed: each takes many times its text's size in memory."""


def excess_values(encoded: bytes, *, limit: int) -> str | None:
    """Why ``encoded`` is not to be parsed: more than ``limit`` commas and opening brackets, in its texts too."""
    found = sum(encoded.count(mark) for mark in (b",", b"[", b"{"))
    return f"at most {limit} commas and brackets are allowed, not {found}" if found > limit else None
