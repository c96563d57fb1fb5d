"""Reservoirs whose levels are followed one by one."""
