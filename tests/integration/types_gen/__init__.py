"""Generators of random commands, a module for each type."""
