"""`python -m connectors.folder CONFIG [--home HOME]`."""

from connectors.bus.process import main
from connectors.folder.app import run_file

if __name__ == "__main__":
    main("connectors.folder", run_file)
