"""The local cloud: a fake AWS whose databases and containers are real processes on this machine."""
