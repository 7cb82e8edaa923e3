"""`dbctl bootstrap`: what an AWS account needs before its first stack, made once by an administrator, with boto3 alone.

What is wanted (names, documents, permissions: pure data) is compared with what is (a module for each kind of thing);
the differences are shown, asked about, applied.
"""
