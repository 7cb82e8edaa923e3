"""The logical dump of one database, streamed into a bucket: `python -m dump`, in the service's dump task."""
