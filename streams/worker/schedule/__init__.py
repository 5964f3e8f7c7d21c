"""What is begun when, one event of a pin at a time, and which offsets may be committed."""
