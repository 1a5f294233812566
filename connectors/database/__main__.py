"""`python -m connectors.database CONFIG [--home HOME]`."""

from connectors.bus.process import main
from connectors.database.app import run_file

if __name__ == "__main__":
    main("connectors.database", run_file)
