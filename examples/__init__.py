"""Programs that show how an application works with the estate's databases."""
