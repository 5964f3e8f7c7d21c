"""Fetches the bytes of a picture from the address in its event, under a policy; worker and read service share it."""
