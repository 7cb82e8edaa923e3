"""`python -m schema`."""

from schema.cli import app

if __name__ == "__main__":
    app(prog_name="python -m schema")
