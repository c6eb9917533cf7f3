"""Asks the kitchen sink and its twin the same questions over sockets, and compares the answers."""
