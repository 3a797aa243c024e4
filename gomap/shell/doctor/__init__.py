"""``gomap doctor``: what this machine has of all that gomap can use, and what to do about what it lacks."""
