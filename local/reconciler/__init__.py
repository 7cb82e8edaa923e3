"""Makes moto's state real: what it wants is compared with the processes that run, again and again."""
