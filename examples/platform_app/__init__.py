"""A small application of the service `platform`: accounts, organisations, projects and tasks, through the pooler.

Start reading at `story.py`; `connections.py` is the part to copy first. `python -m examples.platform_app -s local`
runs it against the local cloud.
"""
