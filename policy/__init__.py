"""The estate's policies: what every graph of resources must hold, whatever its configuration says."""
