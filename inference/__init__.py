"""Pictures in; objects and binary codes out."""
