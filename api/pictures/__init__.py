"""The pictures of pins and photos: fetched, cached, made small, and embedded for searches."""
