"""Tests; a package, so that they can share examples by absolute import."""
