"""The read service: the products over HTTP, and the page that a person uses."""
