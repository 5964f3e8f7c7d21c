"""Pictures in the read service: fetched, decoded, embedded, shrunk, cached."""
