"""A note as a notebook and a notebook as a note: the parts around ``notebook``."""
