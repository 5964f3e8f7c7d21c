"""Events joined with their outcomes: the state of every pin, what is overdue, how fresh pins are. Pure."""
