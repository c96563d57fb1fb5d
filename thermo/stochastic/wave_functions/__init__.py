"""Jumps of pure states: generators that keep coherences, between small reservoirs."""
