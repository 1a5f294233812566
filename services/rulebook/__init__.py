"""The rulebook: directory, jurisdiction, duties, calendar. Officials' data; pure but for load.py."""
