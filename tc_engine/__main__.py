"""`python -m tc_engine` is `tc-engine`."""

from tc_engine.cli.app import main

if __name__ == "__main__":
    main()
