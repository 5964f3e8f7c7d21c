"""The read service: searches over HTTP, and the page that people use."""
