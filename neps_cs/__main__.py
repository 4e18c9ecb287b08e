"""`python -m neps_cs` is the command `neps-cs`."""

from neps_cs.cli import main

if __name__ == "__main__":
    main(prog_name="neps-cs")
