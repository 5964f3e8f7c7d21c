"""``make demo``: the whole path on one machine, watched live, with a result to look at."""
