"""``make demo``: the whole path on one machine, shown live, with a page of results at the end."""
