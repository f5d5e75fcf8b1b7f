"""Venues: where orders rest and fill, in simulation or at a broker."""
