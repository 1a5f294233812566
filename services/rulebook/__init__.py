"""The rulebook: directory, jurisdiction, duties, calendar; data for officials, pure but load.py."""
