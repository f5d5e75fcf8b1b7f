"""One total order of events, and what stands on it: writing, standing, and Faust."""
