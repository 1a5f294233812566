"""The rulebook: directory, jurisdiction, duties, calendar. Data that an official can read; pure but for load.py."""
