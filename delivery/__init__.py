"""What the workflows say on GitHub: one comment, one issue a stack, one pull request with the images' digests.

`python3 -m delivery` needs nothing but Python, so that the jobs that hold a token which may write install nothing.
"""
