"""One event of one pin: fence, fetch, decode, detect, embed, upsert."""
