"""`python -m portal.cli` is `stackyard`."""

from portal.cli.main import main

if __name__ == "__main__":
    main()
