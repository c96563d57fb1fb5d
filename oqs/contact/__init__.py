"""Contacts between the system and its reservoirs: channels, rates, principal values."""
