"""The read service from the caller's side: requests, responses, a client."""
